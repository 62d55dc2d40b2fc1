import { GeneralError, type Provider } from '@openfeature/server-sdk';

/**
 * Stands in the place of a provider that OpenFeature has refused to register. Without it the domain would have the
 * default provider, and another module's or application's flags would answer.
 */
export class RefusedProvider implements Provider {
  readonly metadata = { name: 'refused' } as const;
  readonly runsOn = 'server';
  readonly resolveBooleanEvaluation = refuse;
  readonly resolveStringEvaluation = refuse;
  readonly resolveNumberEvaluation = refuse;
  readonly resolveObjectEvaluation = refuse;

  /** Fails, so that OpenFeature tells of an error and keeps the state. */
  initialize(): Promise<void> {
    return refuse();
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new GeneralError('The flag provider could not be started; the log says why.'));
}

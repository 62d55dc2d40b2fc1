import { GeneralError, type Provider } from '@openfeature/server-sdk';

/**
 * Replaces a provider that OpenFeature refused to register. Without it the domain would use the default provider, and
 * evaluations would return the flags of another module or application.
 */
export class FailingProvider implements Provider {
  readonly metadata = { name: 'refused' } as const;
  readonly runsOn = 'server';
  readonly resolveBooleanEvaluation = reject;
  readonly resolveStringEvaluation = reject;
  readonly resolveNumberEvaluation = reject;
  readonly resolveObjectEvaluation = reject;

  /** Rejects, so that OpenFeature emits an error event and keeps the state `ERROR`. */
  initialize(): Promise<void> {
    return reject();
  }
}

function reject(): Promise<never> {
  return Promise.reject(new GeneralError('The flag provider could not be started; the log says why.'));
}

import {
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type Hook,
  type JsonValue,
  type Logger,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { type FlagType } from '../options';

/** Calls the provider's resolver for the flag's type and returns its result. */
export function resolveWith<T extends JsonValue>(
  provider: Provider,
  type: FlagType,
  flagKey: string,
  defaultValue: T,
  context: EvaluationContext,
  logger: Logger,
): Promise<ResolutionDetails<T>> {
  const value = defaultValue as never;
  switch (type) {
    case 'boolean':
      return provider.resolveBooleanEvaluation(flagKey, value, context, logger) as Promise<
        ResolutionDetails<never>
      >;
    case 'string':
      return provider.resolveStringEvaluation(flagKey, value, context, logger) as Promise<
        ResolutionDetails<never>
      >;
    case 'number':
      return provider.resolveNumberEvaluation(flagKey, value, context, logger) as Promise<
        ResolutionDetails<never>
      >;
    case 'object':
      return provider.resolveObjectEvaluation(flagKey, defaultValue, context, logger);
  }
}

/**
 * Calls the OpenFeature client's details method for the flag's type and returns its result.
 *
 * @param hooks Hooks for this evaluation only.
 */
export function evaluateWithClient<T extends JsonValue>(
  client: Client,
  type: FlagType,
  flagKey: string,
  defaultValue: T,
  context: EvaluationContext | undefined,
  hooks: Hook[] = [],
): Promise<EvaluationDetails<T>> {
  const value = defaultValue as never;
  const options = { hooks };
  switch (type) {
    case 'boolean':
      return client.getBooleanDetails(flagKey, value, context, options) as Promise<EvaluationDetails<never>>;
    case 'string':
      return client.getStringDetails(flagKey, value, context, options) as Promise<EvaluationDetails<never>>;
    case 'number':
      return client.getNumberDetails(flagKey, value, context, options) as Promise<EvaluationDetails<never>>;
    case 'object':
      return client.getObjectDetails<T>(flagKey, defaultValue, context, options);
  }
}

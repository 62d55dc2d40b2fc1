import {
  ErrorCode,
  type EvaluationDetails,
  type FlagMetadata,
  type JsonValue,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { NO_METADATA } from '../provider';

// What the OpenFeature client makes of a resolution, to the last field and in its order. The property test in
// flag-evaluator.spec.ts holds these against the client itself.

const KNOWN_CODES = new Set<string>(Object.values(ErrorCode));

/** Details of an evaluation that failed: the caller's default and why. */
export function failedDetails<T extends JsonValue>(
  flagKey: string,
  defaultValue: T,
  errorCode: ErrorCode,
  errorMessage: string | undefined,
  flagMetadata: FlagMetadata = {},
): EvaluationDetails<T> {
  return {
    errorCode,
    errorMessage,
    value: defaultValue,
    reason: 'ERROR',
    flagMetadata: Object.freeze(flagMetadata),
    flagKey,
  };
}

/** Details for what a provider threw. */
export function thrownDetails<T extends JsonValue>(
  flagKey: string,
  defaultValue: T,
  error: unknown,
): EvaluationDetails<T> {
  const { code, message } = (error ?? {}) as { code?: ErrorCode; message?: string };
  // An empty code counts as none, as it does for the client.
  return failedDetails(
    flagKey,
    defaultValue,
    code === undefined || (code as string) === '' ? ErrorCode.GENERAL : code,
    message,
  );
}

/** Freezing costs more than many an evaluation; the metadata that Flagship's answers share has been frozen once. */
function frozen(metadata: FlagMetadata = NO_METADATA): FlagMetadata {
  return metadata === NO_METADATA ? metadata : Object.freeze(metadata);
}

/** Details for what a provider resolved. */
export function resolvedDetails<T extends JsonValue>(
  flagKey: string,
  defaultValue: T,
  resolution: ResolutionDetails<T>,
): EvaluationDetails<T> {
  const flagMetadata = frozen(resolution.flagMetadata);
  const { errorCode, errorMessage } = resolution;
  // Not spread: adding to an object made by spreading takes five times as long.
  if (!errorCode) return Object.assign({}, resolution, { flagMetadata, flagKey });
  const code = KNOWN_CODES.has(errorCode) ? errorCode : ErrorCode.GENERAL;
  return failedDetails(flagKey, defaultValue, code, errorMessage ?? '', flagMetadata);
}

/** Reasons for which a provider answers with the default it was given. */
const DEFAULT_REASONS = new Set<string | undefined>(['ERROR', 'DISABLED', 'No-op']);

/** Is the value the default that was given, so that another caller gets another one? */
export function isDefaultApplied(details: EvaluationDetails<JsonValue>, given: JsonValue): boolean {
  const { errorCode, reason, variant, value } = details;
  if (errorCode) return true;
  return value === given && (DEFAULT_REASONS.has(reason) || (reason === 'DEFAULT' && variant === undefined));
}

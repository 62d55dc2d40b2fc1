import {
  ErrorCode,
  type EvaluationDetails,
  type FlagMetadata,
  type JsonValue,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { type MemoEntry } from '../context';
import { messageOf } from '../errors';
import { type FlagType } from '../options';
import { NO_METADATA } from '../provider';
import { isThenable } from '../runtime';
import { ownCopy } from '../types';

// What the OpenFeature client makes of a resolution, to the last field and in its order. The property test in
// flag-evaluator.spec.ts holds these against the client itself.

const KNOWN_CODES = new Set<string>(Object.values(ErrorCode));

/** Details whose value is the default although they tell of no error. */
const defaults = new WeakSet<object>();

/** Notes that the value of details is the default that was given. */
export function markDefault<T extends object>(details: T): T {
  defaults.add(details);
  return details;
}

/** Whether the value is known to be the default that was given, so that another caller gets another one. */
export function isDefaultApplied(details: EvaluationDetails<JsonValue>): boolean {
  return Boolean(details.errorCode) || defaults.has(details);
}

/**
 * Other defaults than the neutral ones that a guard without a default asks with. A value that is the default both times
 * is no answer of the flag's.
 */
export const OTHER_DEFAULTS: Readonly<Record<FlagType, JsonValue>> = {
  boolean: true,
  string: 'another default',
  number: -1,
  object: { default: 'another' },
};

/** Details for a key that is none. */
export function keyDetails<T extends JsonValue>(
  flagKey: unknown,
  defaultValue: T,
  problem: string,
): EvaluationDetails<T> {
  return failedDetails(flagKey as string, ownCopy(defaultValue), ErrorCode.FLAG_NOT_FOUND, problem);
}

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

/** Details for what was thrown, whatever that is. */
export function thrownDetails<T extends JsonValue>(
  flagKey: string,
  defaultValue: T,
  error: unknown,
): EvaluationDetails<T> {
  try {
    const { code, message } = (error ?? {}) as { code?: ErrorCode; message?: string };
    // An empty code counts as none, as it does for the client.
    const known = code === undefined || (code as string) === '' ? ErrorCode.GENERAL : code;
    return failedDetails(flagKey, defaultValue, known, message);
  } catch {
    // A proxy, or an object with getters that throw.
    return failedDetails(flagKey, defaultValue, ErrorCode.GENERAL, messageOf(error));
  }
}

/** Details for what a provider of this package resolved; the value is the caller's own already. */
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

/**
 * Details that belong to the caller: a hook or a provider of the application's may keep the object it was given or has
 * returned, and write into it later.
 *
 * @param given The default that the flag was evaluated with, an object that no one else has.
 */
export function ownDetails<T extends JsonValue>(
  details: EvaluationDetails<T>,
  given: T,
): EvaluationDetails<T> {
  const { value, flagMetadata } = details;
  const own = { ...details, value: ownCopy(value), flagMetadata: frozen(flagMetadata) };
  const isGiven = typeof value === 'object' && value !== null && value === given;
  return isGiven ? markDefault(own) : own;
}

/** Freezing costs more than many an evaluation; the metadata that Flagship's answers share has been frozen once. */
function frozen(metadata: FlagMetadata = NO_METADATA): FlagMetadata {
  return metadata === NO_METADATA ? metadata : Object.freeze(ownCopy(metadata));
}

/** The details of a settled answer for one more reader. */
export function readDetails<T extends JsonValue>(answer: MemoEntry, defaultValue: T): EvaluationDetails<T> {
  const details = answer.detailsFor(defaultValue);
  return answer.isDefault === true && !details.errorCode ? markDefault(details) : details;
}

export function valueOf<T extends JsonValue>({ value }: EvaluationDetails<T>): T {
  return value;
}

/**
 * The value alone; never rejects. A promise cannot hand over a promise, so a default that is one gives what it resolves
 * with, or nothing where it rejects.
 */
export function valueFrom<T extends JsonValue>(
  details: Promise<EvaluationDetails<T>>,
  defaultValue: T,
): Promise<T> {
  const value = details.then(valueOf);
  return isThenable(defaultValue) ? value.catch(() => undefined as never) : value;
}

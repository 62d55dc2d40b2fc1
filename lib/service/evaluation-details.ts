import {
  ErrorCode,
  type EvaluationDetails,
  type FlagMetadata,
  type JsonValue,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { type MemoEntry } from '../context';
import { messageOf } from '../errors';
import { isFrozenMetadata } from '../evaluation';
import { type FlagType } from '../options';
import { NO_METADATA } from '../provider';
import { isThenable } from '../runtime';
import { ownCopy } from '../types';

// These functions return what the OpenFeature client returns for a resolution: the same fields in the same order. The
// property test in flag-evaluator.spec.ts compares them with the client.

const OPENFEATURE_CODES = new Set<string>(Object.values(ErrorCode));

/** The details whose value is the default although they have no error code. */
const detailsWithDefault = new WeakSet<object>();

/** Marks details whose value is the default of the evaluation, and returns them. */
export function markDefaultApplied<T extends object>(details: T): T {
  detailsWithDefault.add(details);
  return details;
}

/** Whether the value is known to be the default of the evaluation, so that another default gives another value. */
export function isDefaultApplied(details: EvaluationDetails<JsonValue>): boolean {
  return Boolean(details.errorCode) || detailsWithDefault.has(details);
}

/**
 * The defaults for a second evaluation, different from the guard's neutral ones. A value that follows the default in
 * both evaluations is not the flag's.
 */
export const PROBE_DEFAULTS: Readonly<Record<FlagType, JsonValue>> = {
  boolean: true,
  string: 'another default',
  number: -1,
  object: { default: 'another' },
};

/** Returns details for an invalid key: the caller's default and `FLAG_NOT_FOUND`. */
export function invalidKeyDetails<T extends JsonValue>(
  flagKey: unknown,
  defaultValue: T,
  problem: string,
  flagMetadata: FlagMetadata | undefined,
): EvaluationDetails<T> {
  const value = ownCopy(defaultValue);
  return failedDetails(flagKey as string, value, ErrorCode.FLAG_NOT_FOUND, problem, flagMetadata);
}

/** Returns the details of a failed evaluation: the caller's default, the error code and the message. */
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

/**
 * Returns the details of an evaluation that threw, whatever the thrown value is.
 *
 * @param flagMetadata The metadata of the flag and its app, where the evaluation failed before the provider was asked.
 */
export function detailsForThrown<T extends JsonValue>(
  flagKey: string,
  defaultValue: T,
  error: unknown,
  flagMetadata?: FlagMetadata,
): EvaluationDetails<T> {
  try {
    const { code, message } = (error ?? {}) as { code?: ErrorCode; message?: string };
    // The client treats an empty code like a missing one.
    const errorCode = code === undefined || (code as string) === '' ? ErrorCode.GENERAL : code;
    return failedDetails(flagKey, defaultValue, errorCode, message, flagMetadata);
  } catch {
    // Reading the thrown value throws: it is a proxy, or its getters throw.
    return failedDetails(flagKey, defaultValue, ErrorCode.GENERAL, messageOf(error), flagMetadata);
  }
}

/** Returns the details of a resolution by a provider of this package, whose value is already a copy for the caller. */
export function toEvaluationDetails<T extends JsonValue>(
  flagKey: string,
  defaultValue: T,
  resolution: ResolutionDetails<T>,
): EvaluationDetails<T> {
  const flagMetadata = frozen(resolution.flagMetadata);
  const { errorCode, errorMessage } = resolution;
  // Object.assign instead of spread: adding properties to a spread object takes five times as long.
  if (!errorCode) return Object.assign({}, resolution, { flagMetadata, flagKey });
  const code = OPENFEATURE_CODES.has(errorCode) ? errorCode : ErrorCode.GENERAL;
  return failedDetails(flagKey, defaultValue, code, errorMessage ?? '', flagMetadata);
}

/**
 * Returns a copy of details for the caller. A hook or a third-party provider may keep the object that it received or
 * returned, and change it later.
 *
 * @param defaultValue The default that the flag was evaluated with, an object that no other code holds.
 */
export function copyDetails<T extends JsonValue>(
  details: EvaluationDetails<T>,
  defaultValue: T,
): EvaluationDetails<T> {
  const { value, flagMetadata } = details;
  const own = { ...details, value: ownCopy(value), flagMetadata: frozen(flagMetadata) };
  const isDefault = typeof value === 'object' && value !== null && value === defaultValue;
  return isDefault ? markDefaultApplied(own) : own;
}

/** Returns a frozen copy. Freezing costs more than most evaluations, so frozen metadata of the package is shared. */
function frozen(metadata: FlagMetadata = NO_METADATA): FlagMetadata {
  return metadata === NO_METADATA || isFrozenMetadata(metadata) ? metadata : Object.freeze(ownCopy(metadata));
}

/** Returns the details of an evaluation that has ended for one more reader. */
export function detailsFromEntry<T extends JsonValue>(
  entry: MemoEntry,
  defaultValue: T,
): EvaluationDetails<T> {
  const details = entry.detailsFor(defaultValue);
  return entry.isDefault === true && !details.errorCode ? markDefaultApplied(details) : details;
}

export function detailsValue<T extends JsonValue>({ value }: EvaluationDetails<T>): T {
  return value;
}

/**
 * Returns the value of details; never rejects. A promise cannot resolve with a promise, so a default that is one
 * resolves with its own result, or with undefined if it rejects.
 */
export function detailsValueAsync<T extends JsonValue>(
  details: Promise<EvaluationDetails<T>>,
  defaultValue: T,
): Promise<T> {
  const value = details.then(detailsValue);
  return isThenable(defaultValue) ? value.catch(() => undefined as never) : value;
}

import { ErrorCode, type ResolutionDetails } from '@openfeature/server-sdk';
import { copyValue } from '../caching';
import { messageOf } from '../errors';
import { type FlagType, flagTypeOf, type JsonValue } from '../options';
import { type Resolution } from '../sources';
import { type FlagMetadata, ownCopy } from '../types';
import { type Log } from './evaluation-logger';
import { openFeatureCode } from './provider-errors';

/** The metadata of resolutions where neither the flag nor its app has any. */
export const NO_METADATA: FlagMetadata = Object.freeze({});

/** The input of one evaluation, apart from the context. */
export interface EvaluationInput<T> {
  readonly type: FlagType;
  readonly flagKey: string;
  readonly defaultValue: T;
  /** Absent where evaluations are not logged. */
  readonly log: Log | undefined;
}

/**
 * Returns OpenFeature's details for the resolution of a source. The value, a default included, is a copy for the
 * caller.
 */
export function toResolutionDetails<T>(
  input: EvaluationInput<T>,
  resolution: Resolution,
): ResolutionDetails<T> {
  const { type, flagKey, defaultValue, log } = input;
  const { value, variant, reason, metadata } = resolution;
  // Flagship disables the flag, so the caller's default applies, which is no error.
  if (reason === 'DISABLED') {
    log?.debug(`[Flagship] Flag "${flagKey}" is disabled, so its default applies (DISABLED)`);
    return { value: ownCopy(defaultValue), reason: 'DISABLED', flagMetadata: metadata ?? NO_METADATA };
  }
  const actual = flagTypeOf(value);
  if (actual !== type) {
    const errorMessage = `Flag "${flagKey}" type mismatch: expected ${type}, got ${actual}`;
    log?.warn(`[Flagship] ${errorMessage}`);
    return {
      value: ownCopy(defaultValue),
      reason: 'ERROR',
      errorCode: ErrorCode.TYPE_MISMATCH,
      errorMessage,
      flagMetadata: metadata,
    };
  }
  log?.debug(resolvedLine(flagKey, value, variant, reason));
  return { value: copyValue(value) as T, variant, reason, flagMetadata: metadata ?? NO_METADATA };
}

/**
 * Returns OpenFeature's details for an evaluation that failed: a copy of the default value, and the error.
 *
 * @param flagMetadata The metadata of the flag, or of its app alone, where it is known.
 */
export function errorDetails<T>(
  { flagKey, defaultValue, log }: EvaluationInput<T>,
  error: unknown,
  flagMetadata?: FlagMetadata,
): ResolutionDetails<T> {
  const errorCode = openFeatureCode(error);
  const errorMessage = messageOf(error);
  log?.error(`[Flagship] Flag "${flagKey}" could not be evaluated (${errorCode}): ${errorMessage}`);
  return { value: ownCopy(defaultValue), reason: 'ERROR', errorCode, errorMessage, flagMetadata };
}

function resolvedLine(
  flagKey: string,
  value: JsonValue,
  variant = 'no variant',
  reason = 'no reason',
): string {
  const shown = typeof value === 'object' ? 'an object' : JSON.stringify(value);
  return `[Flagship] Flag "${flagKey}" is ${shown} (${variant}, ${reason})`;
}

import { type FlagshipError, FlagshipErrorCode } from '../../errors';
import { type HttpResponse, TransientError } from '../../http';
import { type JsonValue } from '../../options';
import { responseError } from '../error-response';
import { type Resolution } from '../flag-source';
import { isTextOrAbsent } from '../is-text-or-absent';
import { type MetadataReader } from '../metadata-reader';

function parseError(problem: string): FlagshipError {
  // Transient, because a retry seldom receives the page of a proxy or an incomplete response again.
  return new TransientError(`Flagship's answer ${problem}.`, FlagshipErrorCode.PARSE_ERROR);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw parseError('is not JSON; check that "baseUrl" or "endpoint" is not the address of a web page');
  }
}

/**
 * Checks the response to an evaluation and returns the resolution.
 *
 * @param flagKey The requested flag. A proxy or a cache may return the response for another one.
 * @param metadataReader Reads the flag's metadata, which never makes a response malformed.
 * @throws FlagshipError The error that the response reports; `PARSE_ERROR` for a malformed response.
 */
export function parseEvaluation(
  response: HttpResponse,
  flagKey: string,
  metadataReader?: MetadataReader,
): Resolution {
  if (response.status < 200 || response.status > 299) throw responseError(response);
  const parsed = parse(response.body);
  if (typeof parsed !== 'object' || parsed === null) throw parseError('is not an object');
  if (!Object.hasOwn(parsed, 'flagKey') || !Object.hasOwn(parsed, 'value')) {
    throw parseError('has no "flagKey" or no "value"');
  }
  const { flagKey: actualKey, value, variant, reason, metadata } = parsed as Record<string, unknown>;
  if (actualKey !== flagKey) throw parseError('is for another flag than the requested one');
  if (!isTextOrAbsent(variant) || !isTextOrAbsent(reason)) {
    throw parseError('has a "variant" or a "reason" that is not text');
  }
  return {
    value: value as JsonValue,
    variant: variant ?? undefined,
    reason: reason ?? undefined,
    metadata: metadataReader?.read(flagKey, metadata),
  };
}

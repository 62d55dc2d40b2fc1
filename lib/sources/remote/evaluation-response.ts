import { type FlagshipError, FlagshipErrorCode } from '../../errors';
import { type HttpResponse, type OutgoingRequest, redact, TransientError } from '../../http';
import { isJsonObject } from '../../evaluation';
import { type JsonValue } from '../../options';
import { parseJson } from '../../types';
import { envelopeError, responseError } from '../error-response';
import { type Resolution } from '../flag-source';
import { isTextOrAbsent } from '../is-text-or-absent';
import { type MetadataReader } from '../metadata-reader';

function parseError(problem: string): FlagshipError {
  // Transient, because a retry seldom receives the page of a proxy or an incomplete response again.
  return new TransientError(`Flagship's answer ${problem}.`, FlagshipErrorCode.PARSE_ERROR);
}

function parse(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    throw parseError('is not JSON; check that "baseUrl" or "endpoint" is not the address of a web page');
  }
}

/**
 * Returns the resolution from the body of a response, which may be inside of the envelope of Cloudflare's API.
 *
 * @throws FlagshipError The error of an envelope that has `success: false`.
 */
function unwrap(body: unknown, request: OutgoingRequest): unknown {
  if (!isJsonObject(body)) return body;
  if (body.success === false) throw envelopeError(body, request);
  return body.success === true && isJsonObject(body.result) ? body.result : body;
}

/**
 * Checks the response to an evaluation and returns the resolution.
 *
 * @param request The request as it was sent, for the message of a failure.
 * @param flagKey The requested flag. A proxy or a cache may return the response for another one.
 * @param metadataReader Reads the flag's metadata, which never makes a response malformed.
 * @throws FlagshipError The error that the response reports; `PARSE_ERROR` for a malformed response.
 */
export function parseEvaluation(
  response: HttpResponse,
  request: OutgoingRequest,
  flagKey: string,
  metadataReader: MetadataReader,
): Resolution {
  if (response.status < 200 || response.status > 299) throw responseError(response, request, 'Evaluate');
  const parsed = unwrap(parse(response.body), request);
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
    metadata: metadataReader.read(flagKey, metadata, (text) => redact(text, request)),
  };
}

import { type FlagshipError, FlagshipErrorCode } from '../../errors';
import { type HttpResponse, TransientError } from '../../http';
import { type JsonValue } from '../../options';
import { responseError } from '../error-response';
import { type Resolution } from '../flag-source';
import { isTextOrAbsent } from '../is-text-or-absent';

function parseError(problem: string): FlagshipError {
  // Worth another try: a proxy's page or a cut answer is seldom there twice.
  return new TransientError(`Flagship's answer ${problem}.`, FlagshipErrorCode.PARSE_ERROR);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw parseError('is not JSON; is "baseUrl" or "endpoint" the address of a web page?');
  }
}

/**
 * Reads the answer to an evaluation. Nothing of it is believed before its shape has been checked.
 *
 * @param flagKey The flag that was asked for: a proxy or a cache may answer with another one's.
 * @throws FlagshipError The failure that the answer stands for.
 */
export function parseEvaluation(response: HttpResponse, flagKey: string): Resolution {
  if (response.status < 200 || response.status > 299) throw responseError(response);
  const parsed = parse(response.body);
  if (typeof parsed !== 'object' || parsed === null) throw parseError('is not an object');
  if (!Object.hasOwn(parsed, 'flagKey') || !Object.hasOwn(parsed, 'value')) {
    throw parseError('has no "flagKey" or no "value"');
  }
  const { flagKey: answered, value, variant, reason } = parsed as Record<string, unknown>;
  if (answered !== flagKey) throw parseError('is about another flag than the one that was asked for');
  if (!isTextOrAbsent(variant) || !isTextOrAbsent(reason)) {
    throw parseError('has a "variant" or a "reason" that is not text');
  }
  return {
    value: value as JsonValue,
    variant: variant ?? undefined,
    reason: reason ?? undefined,
  };
}

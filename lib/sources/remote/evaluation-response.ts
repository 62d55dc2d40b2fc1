import { type FlagshipError, FlagshipErrorCode } from '../../errors';
import { type HttpResponse, TransientError } from '../../http';
import { type JsonValue } from '../../options';
import { errorOfResponse } from '../error-response';
import { type Resolution } from '../flag-source';
import { isTextOrAbsent } from '../is-text-or-absent';

function unreadable(problem: string): FlagshipError {
  // Worth another try: a proxy's page or a cut answer is seldom there twice.
  return new TransientError(`Flagship's answer ${problem}.`, FlagshipErrorCode.PARSE_ERROR);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw unreadable('is not JSON; is "baseUrl" or "endpoint" the address of a web page?');
  }
}

/**
 * Reads the answer to an evaluation. Nothing of it is believed before its shape has been checked.
 *
 * @param flagKey The flag that was asked for: a proxy or a cache may answer with another one's.
 * @throws FlagshipError The failure that the answer stands for.
 */
export function parseEvaluation(answer: HttpResponse, flagKey: string): Resolution {
  if (answer.status < 200 || answer.status > 299) throw errorOfResponse(answer);
  const parsed = parse(answer.body);
  if (typeof parsed !== 'object' || parsed === null) throw unreadable('is not an object');
  if (!Object.hasOwn(parsed, 'flagKey') || !Object.hasOwn(parsed, 'value')) {
    throw unreadable('has no "flagKey" or no "value"');
  }
  const { flagKey: answered, value, variant, reason } = parsed as Record<string, unknown>;
  if (answered !== flagKey) throw unreadable('is about another flag than the one that was asked for');
  if (!isTextOrAbsent(variant) || !isTextOrAbsent(reason)) {
    throw unreadable('has a "variant" or a "reason" that is not text');
  }
  return {
    value: value as JsonValue,
    variant: variant ?? undefined,
    reason: reason ?? undefined,
  };
}

import { FlagshipError } from '../../errors';
import { TransientError } from '../../http';
import { parseEvaluation } from './evaluation-response';

const errorOf = (status: number, body: unknown): FlagshipError => {
  try {
    parseEvaluation({ status, body: typeof body === 'string' ? body : JSON.stringify(body) }, 'f');
  } catch (error) {
    if (error instanceof FlagshipError) return error;
    throw error;
  }
  throw new Error('expected a FlagshipError');
};

describe('an answer', () => {
  it.each([
    [
      { value: true, variant: 'on', reason: 'STATIC' },
      { value: true, variant: 'on', reason: 'STATIC' },
    ],
    [{ value: null, variant: null, reason: null }, { value: null }],
    [{ value: { value: 1 }, more: 1 }, { value: { value: 1 } }],
  ])('%j is read', (body, expected) => {
    expect(parseEvaluation({ status: 200, body: JSON.stringify({ flagKey: 'f', ...body }) }, 'f')).toEqual(
      expected,
    );
  });

  it.each([
    ['<html>', /not JSON.*"baseUrl"/],
    ['', /not JSON/],
    ['null', /not an object/],
    ['"text"', /not an object/],
    ['[]', /no "flagKey"/],
    [{ flagKey: 'f' }, /no "value"/],
    [{ value: true }, /no "flagKey"/],
    ['{"__proto__":{"flagKey":"f","value":true}}', /no "flagKey"/],
    [{ flagKey: 'F', value: true }, /another flag/],
    [{ flagKey: ['f'], value: true }, /another flag/],
    [{ flagKey: 'f', value: true, variant: 1 }, /"variant"/],
    [{ flagKey: 'f', value: true, reason: {} }, /"reason"/],
  ])('%j is not believed, and may be better next time', (body, message) => {
    const error = errorOf(200, body);
    expect(error).toBeInstanceOf(TransientError);
    expect(error.code).toBe('PARSE_ERROR');
    expect(error.message).toMatch(message);
  });

  const statuses: readonly (readonly [status: number, passes: boolean, message: RegExp])[] = [
    [301, false, /Redirects are not followed.*"baseUrl"/],
    [304, false, /HTTP 304/],
    [400, false, /HTTP 400/],
    [401, false, /"authToken"/],
    [403, false, /Evaluate permission/],
    [404, false, /"appId" and "accountId"/],
    [408, true, /HTTP 408/],
    [418, false, /HTTP 418/],
    [425, true, /HTTP 425/],
    [429, true, /"cacheTtl"/],
    [500, true, /HTTP 500/],
    [503, true, /HTTP 503/],
    [599, true, /HTTP 599/],
  ];
  const codes: Record<number, string> = { 401: 'UNAUTHORIZED', 403: 'UNAUTHORIZED', 404: 'FLAG_NOT_FOUND' };
  it.each(statuses)('%i: may it pass? %p', (status, passes, message) => {
    for (const body of ['', '<html>', '[]', 'null', '{"errors":[]}']) {
      const error = errorOf(status, body);
      expect(error instanceof TransientError).toBe(passes);
      expect(error.code).toBe(codes[status] ?? 'NETWORK_ERROR');
      expect(error.message).toMatch(message);
    }
  });

  it.each(['INVALID_CONTEXT', 'PARSE_ERROR', 'TYPE_MISMATCH', 'TARGETING_KEY_MISSING', 'GENERAL'])(
    '400 may say %s, in detail',
    (errorCode) => {
      const error = errorOf(400, { errorCode, errorDetails: 'the details' });
      expect(error.code).toBe(errorCode);
      expect(error.message).toContain('the details');
    },
  );

  it.each([7, null, {}, 'toString', '__proto__', 'PROVIDER_FATAL'])(
    '400 with the code %j says nothing',
    (errorCode) => {
      expect(errorOf(400, { errorCode, errorDetails: 7 }).code).toBe('NETWORK_ERROR');
    },
  );

  it('long details are cut', () => {
    expect(errorOf(400, { errorDetails: 'x'.repeat(10_000) }).message.length).toBeLessThan(400);
  });
});

import { DefinitiveError, FlagshipError } from '../../errors';
import { type OutgoingRequest, TransientError } from '../../http';
import { MetadataReader } from '../metadata-reader';
import { parseEvaluation } from './evaluation-response';

const request: OutgoingRequest = { method: 'GET', path: '/evaluate', headers: {}, maxBytes: 1 };
const metadataReader = new MetadataReader(undefined, { warn: () => undefined });
const read = (status: number, body: string, sent = request) =>
  parseEvaluation({ status, body }, sent, 'f', metadataReader);
const errorOf = (status: number, body: unknown): FlagshipError => {
  try {
    read(status, typeof body === 'string' ? body : JSON.stringify(body));
  } catch (error) {
    if (error instanceof FlagshipError) return error;
    throw error;
  }
  throw new Error('expected a FlagshipError');
};

describe('parseEvaluation', () => {
  it.each([
    [
      { value: true, variant: 'on', reason: 'STATIC' },
      { value: true, variant: 'on', reason: 'STATIC' },
    ],
    [{ value: null, variant: null, reason: null }, { value: null }],
    [{ value: { value: 1 }, more: 1 }, { value: { value: 1 } }],
  ])('reads %j', (body, expected) => {
    expect(read(200, JSON.stringify({ flagKey: 'f', ...body }))).toEqual(expected);
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
  ])('throws a transient PARSE_ERROR for %j', (body, message) => {
    const error = errorOf(200, body);
    expect(error).toBeInstanceOf(TransientError);
    expect(error.code).toBe('PARSE_ERROR');
    expect(error.message).toMatch(message);
  });

  const statuses: readonly (readonly [status: number, isTransient: boolean, message: RegExp])[] = [
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
  it.each(statuses)('throws for HTTP %i an error that is transient: %p', (status, isTransient, message) => {
    for (const body of ['', '<html>', '[]', 'null', '{"errors":[]}']) {
      const error = errorOf(status, body);
      expect(error instanceof TransientError).toBe(isTransient);
      expect(error.code).toBe(codes[status] ?? 'NETWORK_ERROR');
      expect(error.message).toMatch(message);
    }
  });

  it.each(['INVALID_CONTEXT', 'PARSE_ERROR', 'TYPE_MISMATCH', 'TARGETING_KEY_MISSING', 'GENERAL'])(
    'throws %s for HTTP 400 with that code, and its details',
    (errorCode) => {
      const error = errorOf(400, { errorCode, errorDetails: 'the details' });
      expect(error.code).toBe(errorCode);
      expect(error.message).toContain('the details');
    },
  );

  it.each([7, null, {}, 'toString', '__proto__', 'PROVIDER_FATAL'])(
    'throws NETWORK_ERROR for HTTP 400 with the code %j',
    (errorCode) => {
      expect(errorOf(400, { errorCode, errorDetails: 7 }).code).toBe('NETWORK_ERROR');
    },
  );

  const answer = { flagKey: 'f', value: true, variant: 'on', reason: 'STATIC' };
  const resolution = { value: true, variant: 'on', reason: 'STATIC' };
  it.each<[string, string]>([
    ['inside of the envelope', JSON.stringify({ success: true, result: answer })],
    ['inside of all of it', JSON.stringify({ success: true, errors: [], messages: [], result: answer })],
    ['after a byte order mark', `\ufeff${JSON.stringify(answer)}`],
    ['inside of both', `\ufeff${JSON.stringify({ result: answer, success: true })}`],
    ['beside the success', JSON.stringify({ ...answer, success: true })],
    ['beside another result', JSON.stringify({ ...answer, result: { value: false } })],
  ])('reads an answer %s', (_, body) => {
    expect(read(200, body)).toEqual(resolution);
  });

  it.each<[unknown, RegExp]>([
    [{ success: true }, /no "flagKey"/],
    [{ success: true, result: null }, /no "flagKey"/],
    [{ success: true, result: [answer] }, /no "flagKey"/],
    [{ success: true, result: { success: true, result: answer } }, /no "flagKey"/],
    [{ success: true, result: { ...answer, flagKey: 'F' } }, /another flag/],
    [{ success: true, result: { ...answer, variant: 1 } }, /"variant"/],
    [{ success: true, result: { flagKey: 'f' } }, /no "value"/],
    [{ result: answer }, /no "flagKey"/],
    [{ success: 'true', result: answer }, /no "flagKey"/],
    [{ success: 1, result: answer }, /no "flagKey"/],
    ['{"__proto__":{"success":true,"result":{"flagKey":"f","value":true}}}', /no "flagKey"/],
    ['\ufeff\ufeff{"flagKey":"f","value":true}', /not JSON/],
    ['\ufeff', /not JSON/],
  ])('throws a transient PARSE_ERROR for the envelope %j', (body, message) => {
    const error = errorOf(200, body);
    expect(error).toBeInstanceOf(TransientError);
    expect(error.code).toBe('PARSE_ERROR');
    expect(error.message).toMatch(message);
  });

  const failed = { success: false, errors: [{ code: 10001, message: 'the reason' }], result: null };
  it.each<[string, object, string, boolean]>([
    ['without a code', failed, 'GENERAL', true],
    ['with the code GENERAL', { ...failed, errorCode: 'GENERAL' }, 'GENERAL', true],
    ['with the code PARSE_ERROR', { ...failed, errorCode: 'PARSE_ERROR' }, 'PARSE_ERROR', true],
    ['with an unknown code', { ...failed, errorCode: 'NEW' }, 'GENERAL', true],
    ['with an answer', { ...failed, result: answer }, 'GENERAL', true],
    ['beside an answer', { ...failed, ...answer }, 'GENERAL', true],
    ['with FLAG_NOT_FOUND', { ...failed, errorCode: 'FLAG_NOT_FOUND' }, 'FLAG_NOT_FOUND', false],
    ['with INVALID_CONTEXT', { ...failed, errorCode: 'INVALID_CONTEXT' }, 'INVALID_CONTEXT', false],
    ['with TYPE_MISMATCH', { ...failed, errorCode: 'TYPE_MISMATCH' }, 'TYPE_MISMATCH', false],
  ])('throws for HTTP 200 with "success": false %s', (_, body, code, isTransient) => {
    const error = errorOf(200, body);
    expect(error.code).toBe(code);
    expect(error.message).toBe('Flagship answered "success": false. the reason');
    expect(error).toBeInstanceOf(isTransient ? TransientError : DefinitiveError);
  });

  it('throws for "success": false without a reason', () => {
    expect(errorOf(200, { success: false }).message).toBe('Flagship answered "success": false.');
  });

  it.each<[string, unknown, string]>([
    [
      'errorMessage first',
      { errorMessage: 'a', errorDetails: 'b', error: 'c', errors: [{ message: 'd' }] },
      'a',
    ],
    ['errorDetails next', { errorDetails: 'b', error: 'c', errors: [{ message: 'd' }] }, 'b'],
    ['error next', { error: 'c', errors: [{ message: 'd' }] }, 'c'],
    ['errors at last', { errors: [{ code: 10001, message: 'd' }, { message: 'e' }] }, 'd'],
    [
      'the envelope',
      { success: false, errors: [{ code: 1, message: 'd' }], messages: [], result: null },
      'd',
    ],
    [
      'no number',
      { errorMessage: 7, errorDetails: null, error: { message: 'x' }, errors: [{ message: 'd' }] },
      'd',
    ],
    ['no blank text', { errorMessage: ' \n', errorDetails: '', error: 'c' }, 'c'],
    ['without blanks around it', { errorMessage: '  a ' }, 'a'],
    ['after a byte order mark', `\ufeff${JSON.stringify({ error: 'c' })}`, 'c'],
  ])('says what went wrong: %s', (_, body, details) => {
    for (const status of [400, 404, 500])
      expect(errorOf(status, body).message).toMatch(
        new RegExp(`^Flagship answered HTTP ${status}\\. ${details}( Check|$)`),
      );
  });

  it.each<[string, unknown]>([
    ['no JSON', '<html><body>Bad gateway</body></html>'],
    ['a list', [{ error: 'x' }]],
    ['text', '"x"'],
    ['no text', { errorMessage: 1, errorDetails: {}, error: [], errors: 'x' }],
    ['an empty list', { errors: [] }],
    ['a list of texts', { errors: ['x'] }],
    ['a list of lists', { errors: [[{ message: 'x' }]] }],
    ['a second error', { errors: [{}, { message: 'x' }] }],
    ['a prototype', '{"__proto__":{"errorMessage":"x","errorCode":"TYPE_MISMATCH"}}'],
  ])('says nothing for %s', (_, body) => {
    const error = errorOf(500, body);
    expect(error.message).toBe('Flagship answered HTTP 500.');
    expect(error.code).toBe('NETWORK_ERROR');
  });

  describe('what helps', () => {
    const url = `/evaluate?flagKey=f&text=${'x'.repeat(9000)}`;
    const headers = {
      authorization: 'Bearer token',
      'x-big': 'y'.repeat(20_000),
      accept: 'application/json',
    };
    const get: OutgoingRequest = { ...request, path: '/evaluate?flagKey=f', headers };
    const post: OutgoingRequest = { ...request, method: 'POST', headers, body: '{"context":{}}' };
    const big = { ...get, path: url, headers: { accept: 'application/json' } };
    it.each<[number, string, OutgoingRequest, RegExp]>([
      [414, 'a query', big, /query of 9025 bytes.*set "contextTransport" to "body"\.$/],
      [414, 'a body', post, /query of 9 bytes.*check "baseUrl" and "endpoint"\.$/],
      [431, 'a long query', big, /have 9025 bytes: set "contextTransport" to "body"\.$/],
      [431, 'a large header', get, /largest header is "x-big" with 20000 bytes: check "headers"/],
      [431, 'both', { ...get, path: url }, /largest header is "x-big" with 20000 bytes/],
      [431, 'a body', { ...post, path: url }, /largest header is "x-big"/],
      [413, 'a body', post, /body of 14 bytes.*fewer attributes/],
      [405, 'a body', post, /"contextTransport" to "query"/],
      [405, 'a query', get, /^Flagship answered HTTP 405\.$/],
      [413, 'a query', get, /^Flagship answered HTTP 413\.$/],
    ])('against HTTP %i for %s', (status, _, sent, message) => {
      const run = () => read(status, '', sent);
      expect(run).toThrow(message);
      expect(run).not.toThrow(/xxx|yyy|token/);
    });
  });

  it('shortens long details', () => {
    expect(errorOf(400, { errorDetails: 'x'.repeat(10_000) }).message.length).toBeLessThan(400);
  });
});

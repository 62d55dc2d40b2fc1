import { once } from 'node:events';
import { connect } from 'node:net';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagshipOptions } from 'nestjs-flagship/local';
import { waitUntil } from '../../fixtures/wait-until';
import {
  type Request,
  byAttribute,
  call,
  pathOf,
  post,
  sendTo,
  valueOf,
} from '../../fixtures/flagship-client';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();

describe('routes', () => {
  const flags = {
    'new-checkout': true,
    'upload-limit': 20,
    look: { color: 'red', sizes: [1, 2] },
    nothing: null,
    off: { enabled: false, default_variation: 'a', variations: { a: 'x' }, rules: [] },
    owned: {
      enabled: true,
      default_variation: 'a',
      variations: { a: 'x' },
      rules: [],
      metadata: { owner: 'team', nested: {} },
    },
    seven: byAttribute('has', 7),
    broken: { enabled: 'yes', default_variation: 'a', variations: { a: 1 }, rules: [] },
  };
  const report = jest.fn();
  const begin = (options: Partial<LocalFlagshipOptions> = {}) =>
    servers.startFlagship({ flags: flags as never, report, ...options });

  it.each([
    ['new-checkout', { value: true, variant: 'on', reason: 'STATIC' }],
    ['upload-limit', { value: 20, variant: 'default', reason: 'STATIC' }],
    ['look', { value: { color: 'red', sizes: [1, 2] }, variant: 'default', reason: 'STATIC' }],
    ['nothing', { value: null, variant: 'default', reason: 'STATIC' }],
    ['off', { value: 'x', variant: 'a', reason: 'DISABLED' }],
    ['owned', { value: 'x', variant: 'a', reason: 'STATIC', metadata: { owner: 'team' } }],
  ])('GET and POST answer %s alike', async (flagKey, expected) => {
    const flagship = await begin();
    for (const answer of [
      await call(flagship, `evaluate?flagKey=${flagKey}`),
      await post(flagship, { flagKey }),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.body).toEqual({ flagKey, ...expected });
    }
  });

  const inexact = { Accept: 'x', 'Content-Type': 'text/plain' };
  it('accepts a missing context, a null context and another content type', async () => {
    const flagship = await begin();
    for (const body of [{ flagKey: 'new-checkout' }, { flagKey: 'new-checkout', context: null }]) {
      const { status } = await call(flagship, 'evaluate', { method: 'POST', headers: inexact, body });
      expect(status).toBe(200);
    }
  });

  interface Refusal extends Request {
    readonly path: string;
    readonly status: number;
    readonly errorCode: string;
    readonly details: RegExp;
  }
  const refusals: Readonly<Record<string, Refusal>> = {
    'no flagKey': {
      path: 'evaluate',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey" is missing/,
    },
    'an empty flagKey': {
      path: 'evaluate?flagKey=',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey"/,
    },
    'no flagKey in a body': {
      path: 'evaluate',
      method: 'POST',
      body: {},
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey"/,
    },
    'a flagKey that is no text': {
      path: 'evaluate',
      method: 'POST',
      body: { flagKey: 7 },
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey"/,
    },
    'an empty body': {
      path: 'evaluate',
      method: 'POST',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /not JSON/,
    },
    'a body that is not JSON': {
      path: 'evaluate',
      method: 'POST',
      body: '{"flagKey"',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /not JSON/,
    },
    'a body that is a list': {
      path: 'evaluate',
      method: 'POST',
      body: '[]',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /must be an object/,
    },
    'a context that is text': {
      path: 'evaluate',
      method: 'POST',
      body: { flagKey: 'look', context: 'x' },
      status: 400,
      errorCode: 'INVALID_CONTEXT',
      details: /"context"/,
    },
    'a context that is a list': {
      path: 'evaluate',
      method: 'POST',
      body: { flagKey: 'look', context: [] },
      status: 400,
      errorCode: 'INVALID_CONTEXT',
      details: /"context"/,
    },
    'an unknown flag': {
      path: 'evaluate?flagKey=nope',
      status: 404,
      errorCode: 'FLAG_NOT_FOUND',
      details: /"nope"/,
    },
    'the flag __proto__': {
      path: 'evaluate?flagKey=__proto__',
      status: 404,
      errorCode: 'FLAG_NOT_FOUND',
      details: /__proto__/,
    },
    'the flag constructor': {
      path: 'evaluate?flagKey=constructor',
      status: 404,
      errorCode: 'FLAG_NOT_FOUND',
      details: /constructor/,
    },
    'a malformed flag': {
      path: 'evaluate?flagKey=broken',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /broken\.enabled/,
    },
    'another path': {
      path: 'elsewhere',
      status: 404,
      errorCode: 'GENERAL',
      details: /app "local" of account "local"/,
    },
    'a path below': { path: 'evaluate/more', status: 404, errorCode: 'GENERAL', details: /nothing at/ },
    'PUT evaluate': {
      path: 'evaluate',
      method: 'PUT',
      status: 405,
      errorCode: 'GENERAL',
      details: /use GET or POST/,
    },
    'POST definitions': {
      path: 'definitions',
      method: 'POST',
      status: 405,
      errorCode: 'GENERAL',
      details: /use GET/,
    },
    'a body over a megabyte': {
      path: 'evaluate',
      method: 'POST',
      body: `{"flagKey":"${'x'.repeat(1_100_000)}"}`,
      status: 413,
      errorCode: 'INVALID_CONTEXT',
      details: /1048576/,
    },
  };
  it.each(Object.entries(refusals))(
    'refuses %s',
    async (_, { path, status, errorCode, details, ...request }) => {
      const flagship = await begin();
      const answer = await call(flagship, path, request);
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.body).toEqual({ errorCode, errorDetails: expect.stringMatching(details) });
      if (status === 405) expect(answer.headers.allow).toMatch(/GET/);
      expect(await valueOf(flagship, 'new-checkout')).toBe(true);
    },
  );

  it.each([4, 50])('answers 413 to a client that goes on to send %i MB', async (megabytes) => {
    const flagship = await begin();
    const socket = connect(flagship.port, '127.0.0.1').on('error', () => undefined);
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    socket.write(
      `POST ${pathOf(flagship, 'evaluate')} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${megabytes * 1_000_000}\r\n\r\n`,
    );
    for (let sent = 0; sent < megabytes && !socket.destroyed; sent++) {
      if (socket.write('x'.repeat(1_000_000))) continue;
      const one = new AbortController();
      const events = ['drain', 'close'].map((event) => once(socket, event, { signal: one.signal }));
      await Promise.race(events);
      one.abort();
      await Promise.allSettled(events);
    }
    await waitUntil(() => text.includes('}') || socket.destroyed, 'an answer');
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*"errorCode":"INVALID_CONTEXT"/);
    socket.destroy();
    expect(await valueOf(flagship, 'new-checkout')).toBe(true);
  });

  it.each(['/', '//', '///x', '//host/path', '/%', '/client/v4', '*', 'http://other/'])(
    'finds nothing at %s',
    async (path) => {
      const answer = await sendTo(await begin(), path);
      expect([answer.status, answer.body.errorCode]).toEqual([404, 'GENERAL']);
    },
  );

  it('serves account and app of any name, percent-encoded, and no other', async () => {
    const flagship = await begin({ accountId: 'a/b c', appId: 'ü?#%' });
    expect(await valueOf(flagship, 'new-checkout')).toBe(true);
    const provider = new FlagshipServerProvider({ baseUrl: flagship.url, accountId: 'a/b c', appId: 'ü?#%' });
    expect(await provider.resolveBooleanEvaluation('new-checkout', false, {})).toMatchObject({ value: true });
    await provider.onClose();
    const elsewhere = pathOf({ ...flagship, accountId: 'other' }, 'evaluate?flagKey=new-checkout');
    expect((await sendTo(flagship, elsewhere)).status).toBe(404);
  });

  it('requires the token if there is one', async () => {
    const flagship = await begin({ authToken: 'secret' });
    for (const authorization of [undefined, 'secret', 'Bearer other', 'Bearer secret2', 'bearer secret']) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      for (const path of ['evaluate?flagKey=look', 'definitions', 'elsewhere']) {
        const { status, body } = await call(flagship, path, { headers });
        expect([status, body.errorCode]).toEqual([401, 'GENERAL']);
        expect(body.errorDetails).not.toContain('secret');
      }
    }
    const headers = { authorization: 'Bearer secret' };
    expect((await call(flagship, 'evaluate?flagKey=look', { headers })).status).toBe(200);
  });

  it.each([
    ['42', [42]],
    ['-1.5', [-1.5]],
    ['007', ['007']],
    ['1.0', ['1.0']],
    ['-0', ['-0']],
    ['9007199254740993', ['9007199254740993']],
    ['true', [true]],
    ['false', [false]],
    ['', ['']],
    ['TRUE', ['TRUE']],
    ['null', ['null']],
    ['1e3', ['1e3']],
    ['0x10', ['0x10']],
    ['%201', [' 1']],
    ['%2B1', ['+1']],
    ['1.', ['1.']],
    ['12345678901234567890', ['12345678901234567890']],
    ['{"a":1}', ['{"a":1}']],
    ['a+b%26c', ['a b&c']],
  ])('reads the query x=%s as %j', async (text, [expected]) => {
    const flagship = await begin({ flags: { flag: byAttribute('equals', expected) } as never });
    const { body } = await call(
      flagship,
      `evaluate?flagKey=flag&x=${encodeURI(text).replaceAll('%25', '%')}`,
    );
    expect(body).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
  });

  it('reads a boolean as a number in a comparison, but no text', async () => {
    const flagship = await begin({ flags: { flag: byAttribute('greater_than', 0) } as never });
    expect((await call(flagship, 'evaluate?flagKey=flag&x=true')).body.value).toBe(true);
    expect((await post(flagship, { flagKey: 'flag', context: { x: 'true' } })).body.value).toBe(false);
  });

  it('reads a year in a query as a number, and in a body as a date', async () => {
    const rule = byAttribute('greater_than', '2025-01-01T00:00:00Z');
    const flagship = await begin({ flags: { flag: rule } as never });
    expect((await call(flagship, 'evaluate?flagKey=flag&x=2026')).body.value).toBe(false);
    expect((await post(flagship, { flagKey: 'flag', context: { x: '2026' } })).body.value).toBe(true);
  });

  it('keeps a body’s types where a query cannot', async () => {
    const flagship = await begin();
    expect((await post(flagship, { flagKey: 'seven', context: { x: [1, 7] } })).body.value).toBe(true);
    expect((await call(flagship, 'evaluate?flagKey=seven&x=7')).body.value).toBe(false);
  });
});

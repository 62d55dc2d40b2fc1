import { type EvaluationContext, type JsonValue, type Logger } from '@openfeature/server-sdk';
import {
  type ScriptedAnswer,
  type ScriptedServer,
  startScriptedServer,
} from '../../test/fixtures/scripted-server';
import { waitUntil } from '../../test/fixtures/wait-until';
import { type FlagshipProviderOptions } from '../options';
import { FlagshipServerProvider } from '.';

const responseOf = (value: unknown, reason = 'STATIC') => ({
  body: { flagKey: 'flag', value, variant: 'on', reason },
});
const user = { targetingKey: 'u' };

describe('FlagshipServerProvider', () => {
  let server: ScriptedServer;
  const providers: FlagshipServerProvider[] = [];

  beforeAll(async () => {
    server = await startScriptedServer();
  });
  afterEach(() => Promise.all(providers.splice(0).map((provider) => provider.onClose())));
  afterAll(() => server.close());

  function open(options: Partial<FlagshipProviderOptions> = {}): FlagshipServerProvider {
    const provider = new FlagshipServerProvider({
      endpoint: `${server.url}/evaluate`,
      retries: 0,
      ...options,
    });
    providers.push(provider);
    return provider;
  }

  describe('types', () => {
    const values: readonly unknown[] = [
      true,
      false,
      'text',
      '',
      1,
      0,
      -1.5,
      null,
      {},
      { a: 1 },
      [],
      [1, 'b'],
    ];
    const typeOf = (value: unknown) =>
      ['boolean', 'string', 'number'].includes(typeof value) ? typeof value : 'object';
    const reads = {
      boolean: (provider: FlagshipServerProvider) => provider.resolveBooleanEvaluation('flag', true, user),
      string: (provider: FlagshipServerProvider) => provider.resolveStringEvaluation('flag', 'default', user),
      number: (provider: FlagshipServerProvider) => provider.resolveNumberEvaluation('flag', 99, user),
      object: (provider: FlagshipServerProvider) =>
        provider.resolveObjectEvaluation<JsonValue>('flag', { default: true }, user),
    };
    const defaults = { boolean: true, string: 'default', number: 99, object: { default: true } };
    const cases = values.flatMap((value) =>
      (['boolean', 'string', 'number', 'object'] as const).map((type) => [value, type] as const),
    );

    it.each(cases)('evaluates %j as %s', async (value, type) => {
      server.script(responseOf(value));
      const details = await reads[type](open());
      if (typeOf(value) === type) {
        expect(details).toEqual({ value, variant: 'on', reason: 'STATIC', flagMetadata: {} });
      } else {
        expect(details).toEqual({
          value: defaults[type],
          reason: 'ERROR',
          errorCode: 'TYPE_MISMATCH',
          errorMessage: `Flag "flag" type mismatch: expected ${type}, got ${typeOf(value)}`,
        });
      }
    });

    it('returns the default of a disabled flag, whatever its type', async () => {
      server.script(responseOf('text', 'DISABLED'));
      expect(await open().resolveBooleanEvaluation('flag', true, user)).toEqual({
        value: true,
        reason: 'DISABLED',
        flagMetadata: {},
      });
    });
  });

  describe('contextTransport', () => {
    const sent = () => server.requests.map(({ method, url, body }) => [method, url, body]);

    it.each([
      ['query', { plan: 'a b' }, ['GET', '/evaluate?flagKey=flag&plan=a+b', '']],
      ['auto', { plan: 'a b' }, ['GET', '/evaluate?flagKey=flag&plan=a+b', '']],
      ['query', { plan: null, gone: undefined }, ['GET', '/evaluate?flagKey=flag', '']],
      ['auto', { plan: undefined }, ['GET', '/evaluate?flagKey=flag', '']],
      [
        'auto',
        { plan: null, gone: undefined },
        ['POST', '/evaluate', '{"flagKey":"flag","context":{"plan":null}}'],
      ],
      ['auto', { id: '42' }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"id":"42"}}']],
      ['auto', { id: '007', n: 42 }, ['GET', '/evaluate?flagKey=flag&id=007&n=42', '']],
      [undefined, { plan: 'pro' }, ['GET', '/evaluate?flagKey=flag&plan=pro', '']],
      [undefined, { a: [1] }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"a":[1]}}']],
      ['auto', { a: { b: 1 } }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"a":{"b":1}}}']],
      ['auto', { a: [1], p: 'q' }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"a":[1],"p":"q"}}']],
      ['auto', { flagKey: 'x' }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"flagKey":"x"}}']],
      ['body', { n: 1 }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"n":1}}']],
      ['body', {}, ['POST', '/evaluate', '{"flagKey":"flag","context":{}}']],
    ] as const)('%s sends %j', async (contextTransport, context, request) => {
      server.script(responseOf(true));
      const provider = open({ contextTransport });
      await provider.resolveBooleanEvaluation('flag', false, context as unknown as EvaluationContext);
      expect(sent()).toEqual([request]);
      expect(server.requests[0]?.headers['content-type']).toBe(
        request[0] === 'POST' ? 'application/json' : undefined,
      );
    });

    it.each(['x', 'ü'])('auto sends a body instead of a URL of more than 8 KB of "%s"', async (unit) => {
      server.script(responseOf(true));
      const provider = open({ retries: 0 });
      for (const count of [500, 9000])
        await provider.resolveBooleanEvaluation('flag', false, { text: unit.repeat(count) });
      expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
      expect(JSON.parse(server.requests[1]?.body ?? '')).toEqual({
        flagKey: 'flag',
        context: { text: unit.repeat(9000) },
      });
    });

    it('shares cached and pending resolutions, whichever transport carries the context', async () => {
      server.script(responseOf(true));
      const provider = open({ cacheTtl: 60_000 });
      for (const [name, value] of [
        ['plan', 'pro'],
        ['plan', '42'],
        ['tags', ['a']],
      ] as const) {
        const context = { [name]: value } as EvaluationContext;
        const ask = async () => (await provider.resolveBooleanEvaluation('flag', false, context)).reason;
        expect(await Promise.all([ask(), ask()])).toEqual(['STATIC', 'STATIC']);
        expect(await ask()).toBe('CACHED');
      }
      expect(sent().map(([method]) => method)).toEqual(['GET', 'POST', 'POST']);
    });

    it.each(['auto', 'body'] as const)('%s keeps the query of the endpoint', async (contextTransport) => {
      server.script(responseOf(true));
      const provider = open({ endpoint: `${server.url}/evaluate?key=1`, contextTransport });
      await provider.resolveBooleanEvaluation('flag', false, { list: [] });
      expect(sent()).toEqual([['POST', '/evaluate?key=1', '{"flagKey":"flag","context":{"list":[]}}']]);
    });

    it.each(['query', 'auto', 'body'] as const)(
      '%s sends no request for a context that cannot be sent',
      async (contextTransport) => {
        server.script(responseOf(true));
        const circular: Record<string, unknown> = {};
        for (const name of ['a', 'b', 'c']) circular[name] = circular;
        for (const cacheTtl of [0, 60_000]) {
          const provider = open({ contextTransport, cacheTtl });
          for (const value of [circular, new Map(), 10n, () => 1]) {
            const context = { value } as unknown as EvaluationContext;
            const details = await provider.resolveBooleanEvaluation('flag', true, context);
            expect(details).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
          }
        }
        expect(sent()).toEqual([]);
      },
    );
  });

  describe('headers', () => {
    it('are exactly the documented ones', async () => {
      server.script(responseOf(true));
      await open({ authToken: 'token' }).resolveBooleanEvaluation('flag', false, user);
      expect(Object.keys(server.requests[0]?.headers ?? {}).sort()).toEqual([
        'accept',
        'accept-encoding',
        'authorization',
        'connection',
        'host',
        'user-agent',
      ]);
    });
  });

  describe('cache', () => {
    const read = async (provider: FlagshipServerProvider, context: EvaluationContext = user) =>
      (await provider.resolveBooleanEvaluation('flag', false, context)).reason;

    it('keeps a resolution until its TTL ends', async () => {
      server.script(responseOf(true));
      const provider = open({ cacheTtl: 150 });
      expect(await read(provider)).toBe('STATIC');
      await waitUntil(async () => (await read(provider)) === 'STATIC', 'the end of the TTL');
      expect(server.requests).toHaveLength(2);
    });

    it('does not extend the TTL of a resolution that is read', async () => {
      server.script(responseOf(true), responseOf(false));
      const provider = open({ cacheTtl: 100 });
      const value = async () => (await provider.resolveBooleanEvaluation('flag', true, user)).value;
      await waitUntil(async () => !(await value()), 'the new value');
    });

    it('keeps at most cacheMaxSize resolutions', async () => {
      server.script(responseOf(true));
      const provider = open({ cacheTtl: 60_000, cacheMaxSize: 2 });
      const reasons = [];
      for (const id of ['a', 'b', 'a', 'c', 'a', 'b'])
        reasons.push(await read(provider, { targetingKey: id }));
      expect(reasons).toEqual(['STATIC', 'STATIC', 'CACHED', 'STATIC', 'CACHED', 'STATIC']);
    });

    it('returns value and variant of the first response', async () => {
      server.script(responseOf('text'));
      const provider = open({ cacheTtl: 60_000 });
      await provider.resolveStringEvaluation('flag', '', user);
      expect(await provider.resolveStringEvaluation('flag', '', user)).toEqual({
        value: 'text',
        variant: 'on',
        reason: 'CACHED',
        flagMetadata: {},
      });
    });

    it.each([
      ['a disabled flag', responseOf(true, 'DISABLED')],
      ['404', { status: 404 }],
      ['503', { status: 503 }],
      ['a mismatch', responseOf('text')],
      ['a page', { body: '<html>' }],
    ])('does not keep %s', async (_, script) => {
      server.script(script);
      const provider = open({ cacheTtl: 60_000 });
      for (let index = 0; index < 3; index++) expect(await read(provider)).not.toBe('CACHED');
      expect(server.requests).toHaveLength(3);
    });

    it.each([0, 60_000])('returns a copy of the value to each caller (cacheTtl: %i)', async (cacheTtl) => {
      server.script(responseOf({ list: [1], inner: { a: 1 } }));
      const provider = open({ cacheTtl });
      const defaultValue = { list: [] as number[], inner: { a: 0 } };
      for (let index = 0; index < 3; index++) {
        const { value } = await provider.resolveObjectEvaluation('flag', defaultValue, user);
        expect(value).toEqual({ list: [1], inner: { a: 1 } });
        value.list.push(2);
        value.inner.a = 2;
      }
    });

    it('keeps an entry for each nested context', async () => {
      server.script(responseOf(true));
      const provider = open({ cacheTtl: 60_000, contextTransport: 'auto' });
      const reasons = [];
      for (const plan of ['free', 'pro', 'free']) reasons.push(await read(provider, { user: { plan } }));
      expect(reasons).toEqual(['STATIC', 'STATIC', 'CACHED']);
    });
  });

  describe('logging', () => {
    function logger() {
      const lines: string[] = [];
      const write =
        (level: string) =>
        (...parts: unknown[]) =>
          void lines.push(
            `${level} ${parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ')}`,
          );
      const log: Logger = {
        debug: write('debug'),
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
      };
      return { lines, log };
    }
    const secrets = { targetingKey: 'secret-user', email: 'secret@example.com' };
    const cases: readonly (readonly [string, readonly ScriptedAnswer[], RegExp])[] = [
      ['a resolution', [responseOf(true)], /^debug .*"flag".*true.*STATIC/],
      ['a disabled flag', [responseOf(true, 'DISABLED')], /^debug .*"flag".*DISABLED/],
      ['a mismatch', [responseOf('text')], /^warn .*"flag".*expected boolean, got string/],
      ['404', [{ status: 404 }], /^error .*"flag".*FLAG_NOT_FOUND/],
      ['401', [{ status: 401 }], /^error .*"flag".*"authToken"/],
      ['a cut connection', [(response) => void response.destroy()], /^error .*"flag".*cannot be reached/],
      ['a page', [{ body: '<html>' }], /^error .*"flag".*not JSON/],
    ];
    const options = { authToken: 'secret-token', headers: { 'x-key': 'secret-header' } };

    it.each(cases)('logs %s, without token and context', async (_, script, line) => {
      server.script(...script);
      const { lines, log } = logger();
      await open({ ...options, logging: true }).resolveBooleanEvaluation('flag', false, secrets, log);
      expect(lines).toEqual([expect.stringMatching(line)]);
      expect(lines.join()).not.toContain('secret');
    });

    it('logs a cached resolution', async () => {
      server.script(responseOf(true));
      const { lines, log } = logger();
      const provider = open({ ...options, logging: true, cacheTtl: 60_000 });
      await provider.resolveBooleanEvaluation('flag', false, secrets);
      await provider.resolveBooleanEvaluation('flag', false, secrets, log);
      expect(lines).toEqual([expect.stringMatching(/^debug .*"flag".*true.*CACHED/)]);
    });

    it('logs a context that cannot be sent, without its values', async () => {
      const { lines, log } = logger();
      const context = { ...secrets, list: ['secret'] };
      await open({ ...options, logging: true, contextTransport: 'query' }).resolveBooleanEvaluation(
        'flag',
        false,
        context,
        log,
      );
      expect(lines).toEqual([expect.stringMatching(/^error .*INVALID_CONTEXT.*"list"/)]);
      expect(lines.join()).not.toContain('secret');
    });

    it.each(cases)('is off by default: %s', async (_, script) => {
      server.script(...script);
      const { lines, log } = logger();
      await open(options).resolveBooleanEvaluation('flag', false, secrets, log);
      expect(lines).toEqual([]);
    });

    it('works without a logger', async () => {
      server.script(responseOf(true));
      expect(await open({ logging: true }).resolveBooleanEvaluation('flag', false, user)).toMatchObject({
        value: true,
      });
    });

    it('is not affected by a logger that throws', async () => {
      const fail = () => {
        throw new Error('disk full');
      };
      const log: Logger = { debug: fail, info: fail, warn: fail, error: fail };
      const provider = open({ logging: true });
      for (const [script, value] of [
        [responseOf(true), true],
        [responseOf('text'), false],
        [{ status: 404 }, false],
      ] as const) {
        server.script(script);
        expect(await provider.resolveBooleanEvaluation('flag', false, user, log)).toMatchObject({ value });
      }
    });
  });

  describe('never rejects', () => {
    it('for a value that is nested too deep to be copied, which is not cached either', async () => {
      const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
      server.script({ body: `{"flagKey":"flag","value":${deep},"variant":"on","reason":"STATIC"}` });
      const provider = open({ cacheTtl: 60_000 });
      for (let round = 0; round < 2; round++) {
        const details = await provider.resolveObjectEvaluation<JsonValue>('flag', {}, user);
        expect(details).toMatchObject({ value: {}, reason: 'ERROR', errorCode: 'PARSE_ERROR' });
      }
      expect(server.requests).toHaveLength(2);
    });

    it.each([null, 7, 'text', [], undefined])('for the context %p', async (context) => {
      server.script(responseOf(true));
      for (const cacheTtl of [0, 60_000]) {
        for (const contextTransport of ['query', 'body', 'auto'] as const) {
          const provider = open({ cacheTtl, contextTransport });
          const details = await provider.resolveBooleanEvaluation(
            'flag',
            true,
            context as unknown as EvaluationContext,
          );
          expect(details.value).toBe(true);
        }
      }
    });
  });
});

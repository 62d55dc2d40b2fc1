import { type EvaluationContext, type JsonValue, type Logger } from '@openfeature/server-sdk';
import {
  type ScriptedAnswer,
  type ScriptedServer,
  startScriptedServer,
} from '../../test/fixtures/scripted-server';
import { waitUntil } from '../../test/fixtures/wait-until';
import { type FlagshipProviderOptions } from '../options';
import { FlagshipServerProvider } from '.';

const answer = (value: unknown, reason = 'STATIC') => ({
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

    it.each(cases)('%j asked for as %s', async (value, type) => {
      server.script(answer(value));
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

    it('a disabled flag leaves the default, whatever its type', async () => {
      server.script(answer('text', 'DISABLED'));
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
      ['auto', { plan: null }, ['GET', '/evaluate?flagKey=flag', '']],
      ['auto', { a: { b: 1 } }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"a":{"b":1}}}']],
      ['auto', { a: [1], p: 'q' }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"a":[1],"p":"q"}}']],
      ['auto', { flagKey: 'x' }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"flagKey":"x"}}']],
      ['body', { n: 1 }, ['POST', '/evaluate', '{"flagKey":"flag","context":{"n":1}}']],
      ['body', {}, ['POST', '/evaluate', '{"flagKey":"flag","context":{}}']],
    ] as const)('%s sends %j', async (contextTransport, context, request) => {
      server.script(answer(true));
      const provider = open({ contextTransport });
      await provider.resolveBooleanEvaluation('flag', false, context as unknown as EvaluationContext);
      expect(sent()).toEqual([request]);
      expect(server.requests[0]?.headers['content-type']).toBe(
        request[0] === 'POST' ? 'application/json' : undefined,
      );
    });

    it.each(['auto', 'body'] as const)('%s keeps the query of the endpoint', async (contextTransport) => {
      server.script(answer(true));
      const provider = open({ endpoint: `${server.url}/evaluate?key=1`, contextTransport });
      await provider.resolveBooleanEvaluation('flag', false, { list: [] });
      expect(sent()).toEqual([['POST', '/evaluate?key=1', '{"flagKey":"flag","context":{"list":[]}}']]);
    });

    it.each(['query', 'auto', 'body'] as const)(
      '%s sends nothing for what cannot be sent',
      async (contextTransport) => {
        server.script(answer(true));
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
    it('are the documented ones and no others', async () => {
      server.script(answer(true));
      await open({ authToken: 'token' }).resolveBooleanEvaluation('flag', false, user);
      expect(Object.keys(server.requests[0]?.headers ?? {}).sort()).toEqual([
        'accept',
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

    it('keeps an answer for its time and no longer', async () => {
      server.script(answer(true));
      const provider = open({ cacheTtl: 150 });
      expect(await read(provider)).toBe('STATIC');
      await waitUntil(async () => (await read(provider)) === 'STATIC', 'the answer is forgotten');
      expect(server.requests).toHaveLength(2);
    });

    it('is not made to last by being read', async () => {
      server.script(answer(true), answer(false));
      const provider = open({ cacheTtl: 100 });
      const value = async () => (await provider.resolveBooleanEvaluation('flag', true, user)).value;
      await waitUntil(async () => !(await value()), 'the new value is seen');
    });

    it('keeps no more than cacheMaxSize', async () => {
      server.script(answer(true));
      const provider = open({ cacheTtl: 60_000, cacheMaxSize: 2 });
      const reasons = [];
      for (const id of ['a', 'b', 'a', 'c', 'a', 'b'])
        reasons.push(await read(provider, { targetingKey: id }));
      expect(reasons).toEqual(['STATIC', 'STATIC', 'CACHED', 'STATIC', 'CACHED', 'STATIC']);
    });

    it('gives value and variant as they were', async () => {
      server.script(answer('text'));
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
      ['a disabled flag', answer(true, 'DISABLED')],
      ['404', { status: 404 }],
      ['503', { status: 503 }],
      ['a mismatch', answer('text')],
      ['a page', { body: '<html>' }],
    ])('does not keep %s', async (_, script) => {
      server.script(script);
      const provider = open({ cacheTtl: 60_000 });
      for (let index = 0; index < 3; index++) expect(await read(provider)).not.toBe('CACHED');
      expect(server.requests).toHaveLength(3);
    });

    it.each([0, 60_000])('hands out values that may be changed (cacheTtl: %i)', async (cacheTtl) => {
      server.script(answer({ list: [1], inner: { a: 1 } }));
      const provider = open({ cacheTtl });
      const defaultValue = { list: [] as number[], inner: { a: 0 } };
      for (let index = 0; index < 3; index++) {
        const { value } = await provider.resolveObjectEvaluation('flag', defaultValue, user);
        expect(value).toEqual({ list: [1], inner: { a: 1 } });
        value.list.push(2);
        value.inner.a = 2;
      }
    });

    it('tells nested contexts apart', async () => {
      server.script(answer(true));
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
      ['an answer', [answer(true)], /^debug .*"flag".*true.*STATIC/],
      ['a disabled flag', [answer(true, 'DISABLED')], /^debug .*"flag".*DISABLED/],
      ['a mismatch', [answer('text')], /^warn .*"flag".*expected boolean, got string/],
      ['404', [{ status: 404 }], /^error .*"flag".*FLAG_NOT_FOUND/],
      ['401', [{ status: 401 }], /^error .*"flag".*"authToken"/],
      ['a cut connection', [(response) => void response.destroy()], /^error .*"flag".*cannot be reached/],
      ['a page', [{ body: '<html>' }], /^error .*"flag".*not JSON/],
    ];
    const options = { authToken: 'secret-token', headers: { 'x-key': 'secret-header' } };

    it.each(cases)('tells about %s, and neither token nor context', async (_, script, line) => {
      server.script(...script);
      const { lines, log } = logger();
      await open({ ...options, logging: true }).resolveBooleanEvaluation('flag', false, secrets, log);
      expect(lines).toEqual([expect.stringMatching(line)]);
      expect(lines.join()).not.toContain('secret');
    });

    it('tells about a cached answer', async () => {
      server.script(answer(true));
      const { lines, log } = logger();
      const provider = open({ ...options, logging: true, cacheTtl: 60_000 });
      await provider.resolveBooleanEvaluation('flag', false, secrets);
      await provider.resolveBooleanEvaluation('flag', false, secrets, log);
      expect(lines).toEqual([expect.stringMatching(/^debug .*"flag".*true.*CACHED/)]);
    });

    it('tells about a context that cannot be sent, without its values', async () => {
      const { lines, log } = logger();
      const context = { ...secrets, list: ['secret'] };
      await open({ ...options, logging: true }).resolveBooleanEvaluation('flag', false, context, log);
      expect(lines).toEqual([expect.stringMatching(/^error .*INVALID_CONTEXT.*"list"/)]);
      expect(lines.join()).not.toContain('secret');
    });

    it.each(cases)('is off unless asked for: %s', async (_, script) => {
      server.script(...script);
      const { lines, log } = logger();
      await open(options).resolveBooleanEvaluation('flag', false, secrets, log);
      expect(lines).toEqual([]);
    });

    it('needs no logger', async () => {
      server.script(answer(true));
      expect(await open({ logging: true }).resolveBooleanEvaluation('flag', false, user)).toMatchObject({
        value: true,
      });
    });

    it('survives a logger that fails', async () => {
      const fail = () => {
        throw new Error('disk full');
      };
      const log: Logger = { debug: fail, info: fail, warn: fail, error: fail };
      const provider = open({ logging: true });
      for (const [script, value] of [
        [answer(true), true],
        [answer('text'), false],
        [{ status: 404 }, false],
      ] as const) {
        server.script(script);
        expect(await provider.resolveBooleanEvaluation('flag', false, user, log)).toMatchObject({ value });
      }
    });
  });

  describe('never rejects, whatever it is given', () => {
    it('a value nested so deep that it cannot be copied; it is not kept', async () => {
      const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
      server.script({ body: `{"flagKey":"flag","value":${deep},"variant":"on","reason":"STATIC"}` });
      const provider = open({ cacheTtl: 60_000 });
      for (let round = 0; round < 2; round++) {
        const details = await provider.resolveObjectEvaluation<JsonValue>('flag', {}, user);
        expect(details).toMatchObject({ value: {}, reason: 'ERROR', errorCode: 'PARSE_ERROR' });
      }
      expect(server.requests).toHaveLength(2);
    });

    it.each([null, 7, 'text', [], undefined])('context %p', async (context) => {
      server.script(answer(true));
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

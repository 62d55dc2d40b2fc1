import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { type EvaluationContext, type JsonValue, type ResolutionDetails } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../fixtures/scripted-server';

type FlagType = 'boolean' | 'string' | 'number' | 'object';
type VendorOptions = ConstructorParameters<typeof VendorProvider>[0];
/** The options that both providers take. */
interface CommonOptions {
  readonly appId?: string;
  readonly accountId?: string;
  readonly authToken?: string;
  readonly baseUrl?: string;
  readonly endpoint?: string;
  readonly fetchOptions?: { readonly headers?: Record<string, string> };
  readonly timeout?: number;
  readonly retries?: number;
  readonly retryDelay?: number;
  readonly cacheTtl?: number;
}
type AnyProvider = Pick<
  FlagshipServerProvider,
  | 'resolveBooleanEvaluation'
  | 'resolveStringEvaluation'
  | 'resolveNumberEvaluation'
  | 'resolveObjectEvaluation'
> & { onClose(): Promise<void> };

interface Question {
  readonly type?: FlagType;
  readonly flagKey?: string;
  readonly context?: EvaluationContext;
}

interface Result {
  readonly value: unknown;
  readonly reason: string | undefined;
  readonly variant: string | undefined;
  readonly errorCode: string | undefined;
}

interface Outcome {
  readonly results: readonly Result[];
  /** Method, path and query, authorization: of every request, in order. */
  readonly requests: readonly string[];
}

const types: readonly FlagType[] = ['boolean', 'string', 'number', 'object'];
const defaults = { boolean: false, string: 'fallback', number: -1, object: { fallback: true } };

function ask(
  provider: AnyProvider,
  { type = 'boolean', flagKey = 'flag', context = {} }: Question,
): Promise<ResolutionDetails<unknown>> {
  switch (type) {
    case 'boolean':
      return provider.resolveBooleanEvaluation(flagKey, defaults.boolean, context);
    case 'string':
      return provider.resolveStringEvaluation(flagKey, defaults.string, context);
    case 'number':
      return provider.resolveNumberEvaluation(flagKey, defaults.number, context);
    case 'object':
      return provider.resolveObjectEvaluation<JsonValue>(flagKey, defaults.object, context);
  }
}

describe('the provider beside @cloudflare/flagship 0.4.2', () => {
  let server: ScriptedServer;
  let at: CommonOptions;

  beforeAll(async () => {
    server = await startScriptedServer();
    at = { endpoint: `${server.url}/evaluate`, retries: 0, retryDelay: 0 };
  });
  afterAll(() => server.close());

  async function outcomeOf(
    provider: AnyProvider,
    script: readonly ScriptedAnswer[],
    questions: readonly Question[],
  ): Promise<Outcome> {
    server.script(...script);
    const results: Result[] = [];
    for (const question of questions) {
      const { value, reason, variant, errorCode } = await ask(provider, question);
      results.push({ value, reason, variant, errorCode });
    }
    await provider.onClose();
    const requests = server.requests.map(
      ({ method, url, headers }) => `${method} ${url} ${String(headers.authorization)}`,
    );
    return { results, requests };
  }

  async function both(
    options: CommonOptions,
    script: readonly ScriptedAnswer[],
    ...questions: readonly Question[]
  ): Promise<{ ours: Outcome; theirs: Outcome }> {
    const theirs = await outcomeOf(new VendorProvider(options), script, questions);
    const ours = await outcomeOf(new FlagshipServerProvider(options), script, questions);
    return { ours, theirs };
  }

  async function expectSame(
    options: CommonOptions,
    script: readonly ScriptedAnswer[],
    ...questions: readonly Question[]
  ): Promise<Outcome> {
    const { ours, theirs } = await both(options, script, ...questions);
    expect(ours).toEqual(theirs);
    return ours;
  }

  const answer = (value: unknown, reason = 'STATIC', variant: unknown = 'on') => ({
    body: { flagKey: 'flag', value, variant, reason },
  });
  /** Answers for the flag that is asked for. */
  const answersAny: ScriptedAnswer = (response, { url }) => {
    const flagKey = new URL(url, server.url).searchParams.get('flagKey');
    response.end(JSON.stringify({ flagKey, value: true, variant: 'on', reason: 'STATIC' }));
  };
  const page = '<!DOCTYPE html><html><body>Bad gateway</body></html>';

  const answers: readonly (readonly [name: string, answer: ScriptedAnswer])[] = [
    ...['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT', 'DISABLED', 'CACHED', 'SOMETHING_NEW', ''].flatMap(
      (reason) =>
        [true, 'text', 42, { a: 1 }].map(
          (value) => [`${JSON.stringify(value)} for reason "${reason}"`, answer(value, reason)] as const,
        ),
    ),
    ...[
      false,
      '',
      0,
      -0.5,
      1e21,
      null,
      [],
      [1, 'two', null, { three: [3] }],
      {},
      { flagKey: 'x' },
      'true',
    ].map((value) => [`the value ${JSON.stringify(value)}`, answer(value)] as const),
    ['a deep value', answer({ a: { b: { c: { d: [{ e: 'ü 😀' }] } } } })],
    ['an empty variant', answer(true, 'STATIC', '')],
    ['no variant', { body: { flagKey: 'flag', value: true, reason: 'STATIC' } }],
    ['no reason', { body: { flagKey: 'flag', value: true, variant: 'on' } }],
    ['neither variant nor reason', { body: { flagKey: 'flag', value: true } }],
    ['no flagKey', { body: { value: true, variant: 'on', reason: 'STATIC' } }],
    ['no value', { body: { flagKey: 'flag', variant: 'on', reason: 'STATIC' } }],
    ['no value on DISABLED', { body: { flagKey: 'flag', reason: 'DISABLED' } }],
    ['unknown fields', { body: { flagKey: 'flag', value: true, variant: 'on', reason: 'SPLIT', more: [1] } }],
    ['status 201', { ...answer(true), status: 201 }],
    ['JSON null', { body: 'null' }],
    ['JSON text', { body: '"value"' }],
    ['a JSON number', { body: '7' }],
    ['a JSON list', { body: '[]' }],
    ['an empty object', { body: '{}' }],
    ['JSON with white space around it', { body: '\n {"flagKey":"flag","value":true} \n' }],
    ['404 with a body', { status: 404, body: { errorCode: 'FLAG_NOT_FOUND', errorDetails: 'no such flag' } }],
    ['404 with another code', { status: 404, body: { errorCode: 'GENERAL' } }],
    ['404 without a body', { status: 404 }],
    ['404 as a page', { status: 404, body: page }],
    ['400 without a body', { status: 400 }],
    ['400 as a page', { status: 400, body: page }],
    ['400 with a code of its own', { status: 400, body: { errorCode: 'OUT_OF_CHEESE' } }],
    ['400 with the code GENERAL', { status: 400, body: { errorCode: 'GENERAL', errorDetails: 'no' } }],
    ...[401, 402, 403, 405, 406, 408, 409, 410, 413, 415, 418, 422, 425, 429, 451].map(
      (status) => [`status ${status}`, { status, body: { success: false, errors: [] } }] as const,
    ),
    ...[500, 501, 502, 503, 504, 520, 522, 599].flatMap((status) => [
      [`status ${status}`, { status }] as const,
      [`status ${status} as a page`, { status, body: page }] as const,
    ]),
  ];

  describe.each(types)('asked for a %s, reads the same out of', (type) => {
    it.each(answers)('%s', async (_, script) => {
      await expectSame(at, [script], { type });
    });
  });

  describe('repeats the same', () => {
    const good = answer(true, 'TARGETING_MATCH');
    const bad = (status: number) => ({ status, body: page });
    const transient = [408, 425, 429, 500, 502, 503, 504].flatMap((status) => [
      [`${status} for good`, [bad(status)]] as const,
      [`${status} once`, [bad(status), good]] as const,
      [`${status}, then 404`, [bad(status), bad(404)]] as const,
    ]);
    const others: readonly (readonly [string, readonly ScriptedAnswer[]])[] = [
      ['404', [bad(404), good]],
      ['400', [bad(400), good]],
      ['an answer of the wrong shape, once', [{ body: {} }, good]],
      ['an answer of the wrong shape for good', [{ body: {} }]],
      ['a value of the wrong type', [answer('text'), good]],
      ['a disabled flag', [answer(true, 'DISABLED'), good]],
      ['a connection that is cut, once', [(response) => void response.destroy(), good]],
      ['a connection that is cut for good', [(response) => void response.destroy()]],
    ];
    const retries = [undefined, 0, 1, 2];

    it.each(
      [...transient, ...others].flatMap(([name, script]) => retries.map((n) => [name, n, script] as const)),
    )('after %s, with retries: %s', async (_, n, script) => {
      await expectSame({ ...at, retries: n }, script, {});
    });

    it('at most ten times', async () => {
      const { requests } = await expectSame({ ...at, retries: 50 }, [bad(503)], {});
      expect(requests).toHaveLength(11);
    });

    it('after the time limit', async () => {
      const options = { ...at, retries: 1, timeout: 100 };
      const { requests } = await expectSame(options, [() => undefined, good], {});
      expect(requests).toHaveLength(2);
    });
  });

  describe('sends the same query for', () => {
    const symbols = `!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`;
    const contexts: readonly EvaluationContext[] = [
      {},
      { targetingKey: 'user-42' },
      { targetingKey: '' },
      { targetingKey: 'user-42', plan: 'pro', seats: 12, trial: false },
      { trial: false, seats: 12, plan: 'pro', targetingKey: 'user-42' },
      { a: '' },
      { '': 'no name' },
      { ' ': ' ' },
      { a: ' leading and trailing ' },
      { a: 'tab\tline\nreturn\r\nnull\0' },
      { a: symbols },
      { [symbols]: 'b' },
      ...Array.from(symbols).map((symbol) => ({ [`a${symbol}b`]: `c${symbol}d` })),
      { a: '%20', b: '%', c: '%zz', d: '+' },
      { a: 'a=b&c=d', 'e&f=g': 'h' },
      { name: 'Zoë Müller', city: '東京', mood: '😀👩‍👩‍👧', naïve: 'ключ' },
      { lone: 'a\ud800b', other: '\udc00' },
      { a: '\u2028\u2029\ufeff' },
      { a: true, b: false },
      { a: 0, b: -0, c: 1, d: -1, e: 0.1, f: 1e21, g: 1e-7, h: 123456789012345680000 },
      { a: Number.MAX_VALUE, b: -Number.MAX_VALUE, c: Number.MAX_SAFE_INTEGER, d: Number.MIN_VALUE },
      { a: '007', b: '1e3', c: 'true', d: 'null', e: 'undefined', f: '{"a":1}' },
      { since: new Date(0) },
      { since: new Date('2026-10-01T12:34:56.789Z'), until: new Date(8.64e15), before: new Date(-8.64e15) },
      { a: null, b: undefined, c: 'c' } as unknown as EvaluationContext,
      { a: undefined } as unknown as EvaluationContext,
      { 2: 'two', 1: 'one', b: 'b', a: 'a' },
      { constructor: 'x', toString: 'y', hasOwnProperty: 'z' },
      { flagkey: 'lower', FlagKey: 'upper', 'flagKey ': 'space' },
      Object.assign(Object.create({ inherited: 'never' }) as object, { own: 'yes' }),
      Object.assign(Object.create(null) as object, { own: 'yes' }),
      { long: 'x'.repeat(4000) },
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`attribute-${index}`, index])),
    ];

    it.each(
      contexts.map((context, index) => [index, JSON.stringify(context).slice(0, 60), context] as const),
    )('context %i: %s', async (_, __, context) => {
      const { requests } = await expectSame(at, [answer(true)], { context });
      expect(requests).toHaveLength(1);
    });

    it.each(['flag', 'a b', 'ü', 'a&b=c', 'a/b?c#d', '%2F', '', '__proto__', symbols])(
      'the flag "%s"',
      async (flagKey) => {
        const { requests } = await expectSame(at, [answersAny], { flagKey, context: { plan: 'pro' } });
        expect(requests).toHaveLength(1);
      },
    );

    it.each(contexts.map((context, index) => [index, context] as const))(
      'context %i on an endpoint with a query of its own',
      async (_, context) => {
        const endpoint = `${server.url}/evaluate?a=own&plan=own&flagKey=own&x=%20~!%27+y&x=2&empty`;
        const { requests } = await expectSame({ ...at, endpoint }, [answer(true)], { context });
        expect(requests).toHaveLength(1);
      },
    );

    it('whatever a context may hold', async () => {
      const name = fc.string({ unit: 'binary' }).filter((text) => text !== 'flagKey' && text !== '__proto__');
      const value = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.boolean(),
        fc.date({ noInvalidDate: true }),
        fc.constant(null),
        fc.constant(undefined),
      );
      await fc.assert(
        fc.asyncProperty(fc.dictionary(name, value), async (context) => {
          await expectSame(at, [answer(true)], { context: context as unknown as EvaluationContext });
        }),
        { numRuns: 200 },
      );
    });

    const structured: readonly (readonly [string, unknown])[] = [
      ['an object', { a: 1 }],
      ['an empty object', {}],
      ['a list', [1, 2]],
      ['an empty list', []],
      ['a map', new Map([['a', 1]])],
      ['a boxed text', Object('text')],
      ['a regular expression', /x/],
    ];
    it.each(structured)('nothing at all when an attribute is %s', async (_, value) => {
      const context = { plan: 'pro', value } as unknown as EvaluationContext;
      const { requests, results } = await expectSame(at, [answer(true)], { context });
      expect(requests).toEqual([]);
      expect(results[0]?.errorCode).toBe('INVALID_CONTEXT');
    });
  });

  describe('asks the same address for', () => {
    const ids = [
      'shop',
      'with space',
      'a/b',
      'a?b=c#d',
      'ü😀',
      '100%',
      '%2F',
      `!'()*~`,
      'a&b=c+d',
      'a;b,c:d@e$f',
      '"<>`{}|\\^[]',
      '...',
      'UPPER_lower-123.4',
    ];
    const bases = ['', '/', '///', '/proxy', '/proxy/', '/pro xy/v1//', '/%C3%BC/a;b'];

    it.each(ids.flatMap((id) => bases.map((base) => [id, base] as const)))(
      'app "%s" under "%s"',
      async (id, base) => {
        const options = {
          appId: id,
          accountId: `account ${id}`,
          baseUrl: `${server.url}${base}`,
          retries: 0,
        };
        const { requests } = await expectSame(options, [answer(true)], { context: { targetingKey: 'u' } });
        expect(requests).toHaveLength(1);
      },
    );

    const endpoints = [
      '',
      '/',
      '/evaluate',
      '/evaluate/',
      '/a/../b/./evaluate',
      '/a b/ü',
      '/evaluate?',
      '/evaluate?key=value',
      '/evaluate?plan=own&plan=twice',
      '/evaluate?a=~!()%27*&b=+%20',
      '/evaluate?flagKey=other&after=1',
      '/evaluate#fragment',
      '/evaluate?key=value#fragment',
      `/a'b(c)!~*;,:@&=+$`,
    ];
    it.each(endpoints)('endpoint "%s"', async (path) => {
      const options = { ...at, endpoint: `${server.url}${path}` };
      const { requests } = await expectSame(options, [answer(true)], { context: { plan: 'pro' } });
      expect(requests).toHaveLength(1);
    });
  });

  describe('authorizes itself the same with', () => {
    const token = 'token-1';
    const cases: readonly (readonly [string, CommonOptions])[] = [
      ['nothing', {}],
      ['a token', { authToken: token }],
      ['a token of odd characters', { authToken: `a b~!@#$%^&*()_+=/'"` }],
      ['a token that ends in a space', { authToken: 'token ' }],
      ['a header', { fetchOptions: { headers: { authorization: 'Basic abc' } } }],
      [
        'a header over the token',
        { authToken: token, fetchOptions: { headers: { Authorization: 'Basic abc' } } },
      ],
      ['an upper-case header', { authToken: token, fetchOptions: { headers: { AUTHORIZATION: 'X' } } }],
      ['an empty header', { authToken: token, fetchOptions: { headers: { authorization: '' } } }],
      ['another header', { authToken: token, fetchOptions: { headers: { 'x-one': '1' } } }],
      ['no headers', { authToken: token, fetchOptions: {} }],
    ];
    it.each(cases.flatMap(([name, options]) => [0, 2].map((retries) => [name, retries, options] as const)))(
      '%s, retries: %i',
      async (_, retries, options) => {
        const script = [{ status: 503 }, { status: 503 }, answer(true)];
        const { requests } = await expectSame({ ...at, ...options, retries }, script, {});
        expect(requests).toHaveLength(retries + 1);
      },
    );

    it('further headers', async () => {
      const headers = { 'x-one': '1', 'X-Two': 'zwei; drei', 'x-latin': 'é' };
      const seen = [];
      const options = { ...at, fetchOptions: { headers } };
      const providers = [new VendorProvider(options), new FlagshipServerProvider(options)];
      for (const provider of providers) {
        await outcomeOf(provider, [answer(true)], [{}]);
        const sent = server.requests[0]?.headers;
        seen.push([sent?.['x-one'], sent?.['x-two'], sent?.['x-latin']]);
      }
      expect(seen[1]).toEqual(seen[0]);
    });
  });

  describe('remembers the same', () => {
    const kept: CommonOptions = { cacheTtl: 60_000 };
    const one = { context: { targetingKey: 'u', plan: 'pro' } };
    const cases: readonly (readonly [string, readonly ScriptedAnswer[], readonly Question[]])[] = [
      ['one question, asked twice', [answer(true)], [one, one]],
      ['attributes in another order', [answer(true)], [one, { context: { plan: 'pro', targetingKey: 'u' } }]],
      ['null attributes', [answer(true)], [one, { context: { ...one.context, x: undefined } as never }]],
      ['another context', [answer(true)], [one, { context: { targetingKey: 'v' } }, one]],
      ['another flag', [answersAny], [one, { ...one, flagKey: 'other' }, one]],
      ['another type', [answer(true)], [one, { ...one, type: 'string' }, one, { ...one, type: 'string' }]],
      ['no context', [answer(true)], [{}, {}]],
      ['a date', [answer(true)], [{ context: { d: new Date(5) } }, { context: { d: new Date(5) } }]],
      ['two dates', [answer(true)], [{ context: { d: new Date(5) } }, { context: { d: new Date(6) } }]],
      ['a disabled flag', [answer(true, 'DISABLED'), answer(true)], [one, one, one]],
      ['404', [{ status: 404 }, answer(true)], [one, one, one]],
      ['400', [{ status: 400 }, answer(true)], [one, one, one]],
      ['503', [{ status: 503 }, answer(true)], [one, one, one]],
      ['a mismatch', [answer('text'), answer(true)], [one, one, one]],
      ['a wrong shape', [{ body: {} }, answer(true)], [one, one, one]],
      ['an object', [answer({ a: [1] })], [{ type: 'object' }, { type: 'object' }]],
      ['null', [answer(null)], [{ type: 'object' }, { type: 'object' }]],
      ['no variant', [{ body: { flagKey: 'flag', value: true } }], [one, one]],
    ];
    it.each(
      cases.flatMap(([name, ...rest]) => [[name, 'on', ...rest] as const, [name, 'off', ...rest] as const]),
    )('%s, cache %s', async (_, cache, script, questions) => {
      await expectSame({ ...at, ...(cache === 'on' ? kept : { cacheTtl: 0 }) }, script, ...questions);
    });
  });

  describe('refuses the same options', () => {
    const cases: readonly (readonly [string, CommonOptions])[] = [
      ['none', {}],
      ['appId and endpoint', { appId: 'a', accountId: 'b', endpoint: 'http://localhost/evaluate' }],
      ['appId without accountId', { appId: 'a' }],
      ['accountId without appId', { accountId: 'b' }],
      ['an endpoint that is no URL', { endpoint: 'evaluate' }],
      ['a baseUrl that is no URL', { appId: 'a', accountId: 'b', baseUrl: 'proxy' }],
    ];
    it.each(cases)('%s', (_, options) => {
      expect(() => new VendorProvider(options as VendorOptions)).toThrow(/^Flagship: /);
      expect(() => new FlagshipServerProvider(options)).toThrow(/^Flagship: /);
    });
  });

  /**
   * Where the two differ, knowingly. `ours` and `theirs` are error code (or value), then the number of requests; the
   * options allow one repetition.
   */
  interface Difference {
    readonly name: string;
    readonly why: string;
    readonly script: readonly ScriptedAnswer[];
    readonly question?: Question;
    readonly options?: CommonOptions;
    readonly ours: readonly [answer: unknown, requests: number];
    readonly theirs: readonly [answer: unknown, requests: number];
  }

  const unsendable = (value: unknown): Question => ({ context: { value } as unknown as EvaluationContext });
  const differences: readonly Difference[] = [
    ...[401, 402, 403, 405, 409, 410, 422, 451].map((status) => ({
      name: `HTTP ${status}`,
      why: 'the request is at fault: asking again only costs time and, for a token, looks like an attack',
      script: [{ status }],
      ours: ['GENERAL', 1] as const,
      theirs: ['GENERAL', 2] as const,
    })),
    ...['INVALID_CONTEXT', 'PARSE_ERROR', 'TYPE_MISMATCH', 'TARGETING_KEY_MISSING', 'FLAG_NOT_FOUND'].flatMap(
      (errorCode) => [
        {
          name: `400 with the code ${errorCode}`,
          why: 'the service says what is wrong; later releases of the vendor listen too',
          script: [{ status: 400, body: { errorCode, errorDetails: 'details' } }],
          ours: [errorCode, 1] as const,
          theirs: ['GENERAL', 1] as const,
        },
        {
          name: `503 with the code ${errorCode}`,
          why: 'the service says what is wrong, and that it may pass',
          script: [{ status: 503, body: { errorCode } }],
          ours: [errorCode, 2] as const,
          theirs: ['GENERAL', 2] as const,
        },
      ],
    ),
    ...[page, '', '{"flagKey":"flag","value":tr', '\u0000'].map((body) => ({
      name: `200 with the body ${JSON.stringify(body)}`,
      why: 'an answer that is not JSON cannot be parsed, and PARSE_ERROR is the word for that',
      script: [{ body }],
      ours: ['PARSE_ERROR', 2] as const,
      theirs: ['GENERAL', 2] as const,
    })),
    {
      name: 'an attribute called flagKey',
      why: 'in a query it would replace the flag that is asked for',
      script: [answer(true)],
      question: { context: { flagKey: 'another-flag' } },
      ours: ['INVALID_CONTEXT', 0],
      theirs: [true, 1],
    },
    ...([() => 1, 10n, Symbol('s')] as const).map((value) => ({
      name: `an attribute that is a ${typeof value}`,
      why: 'leaving it out would evaluate the flag for somebody else',
      script: [answer(true)],
      question: unsendable(value),
      ours: ['INVALID_CONTEXT', 0] as const,
      theirs: [true, 1] as const,
    })),
    ...[NaN, Infinity, -Infinity].map((value) => ({
      name: `an attribute that is ${value}`,
      why: 'JSON cannot carry it, and what holds for one transport holds for all',
      script: [answer(true)],
      question: unsendable(value),
      ours: ['INVALID_CONTEXT', 0] as const,
      theirs: [true, 1] as const,
    })),
    {
      name: 'more attributes than Flagship accepts in a JSON context',
      why: 'what holds for one transport holds for all',
      script: [answer(true)],
      question: {
        context: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`attribute-${index}`, index])),
      },
      ours: ['INVALID_CONTEXT', 0],
      theirs: [true, 1],
    },
    {
      name: 'an invalid date',
      why: 'it is the context that is wrong; theirs only says that something is',
      script: [answer(true)],
      question: unsendable(new Date(NaN)),
      ours: ['INVALID_CONTEXT', 0],
      theirs: ['GENERAL', 0],
    },
    ...['other', 'FLAG', '', null, ['flag']].map((flagKey) => ({
      name: `an answer for the flag ${JSON.stringify(flagKey)}`,
      why: 'a proxy or a cache mixed answers up; theirs believes it, and keeps it for the flag that was asked for',
      script: [{ body: { flagKey, value: true, variant: 'on', reason: 'STATIC' } }],
      ours: ['PARSE_ERROR', 2] as const,
      theirs: [true, 1] as const,
    })),
    ...[7, true, {}, []].flatMap((oddity) => [
      {
        name: `a variant that is ${JSON.stringify(oddity)}`,
        why: 'callers are promised text',
        script: [answer(true, 'STATIC', oddity)],
        ours: ['PARSE_ERROR', 2] as const,
        theirs: [true, 1] as const,
      },
      {
        name: `a reason that is ${JSON.stringify(oddity)}`,
        why: 'callers are promised text',
        script: [{ body: { flagKey: 'flag', value: true, reason: oddity } }],
        ours: ['PARSE_ERROR', 2] as const,
        theirs: [true, 1] as const,
      },
    ]),
    {
      name: 'an attribute called __proto__',
      why: 'it is an attribute like any other; theirs loses it on the way',
      script: [
        (response, { url }) =>
          void response.end(JSON.stringify({ flagKey: 'flag', value: url.includes('proto') })),
      ],
      question: { context: JSON.parse('{"__proto__":"x"}') as EvaluationContext },
      ours: [true, 1],
      theirs: [false, 1],
    },
    {
      name: 'a redirect',
      why: 'the token is for the configured address only; the message names the option to change',
      script: [{ status: 307, headers: { location: '/elsewhere' } }, answer(true)],
      ours: ['GENERAL', 1],
      theirs: [true, 2],
    },
    {
      name: 'a number and a text that reads the same, cached',
      why: 'a body keeps them apart, so the cache does too, whatever the transport',
      script: [answer(true)],
      options: { cacheTtl: 60_000 },
      question: { context: { seats: 1 } },
      ours: [true, 2],
      theirs: ['CACHED', 1],
    },
  ];

  describe('differs, knowingly, on', () => {
    const shortly = ({ results, requests }: Outcome): readonly [unknown, number] => {
      const last = results.at(-1);
      const cached = last?.reason === 'CACHED' ? last.reason : undefined;
      return [last?.errorCode ?? cached ?? last?.value, requests.length];
    };

    it.each(differences.map((difference) => [difference.name, difference.why, difference] as const))(
      '%s: %s',
      async (_, __, { script, question = {}, options, ours, theirs }) => {
        const questions = options === undefined ? [question] : [question, { context: { seats: '1' } }];
        const seen = await both({ ...at, retries: 1, ...options }, script, ...questions);
        expect(shortly(seen.ours)).toEqual(ours);
        expect(shortly(seen.theirs)).toEqual(theirs);
        if (ours[0] !== true && ours[0] !== 'CACHED') {
          expect(seen.ours.results.at(-1)).toMatchObject({ value: false, reason: 'ERROR' });
        }
      },
    );

    it('a variant or reason of null: absent, as the type says', async () => {
      const script = [{ body: { flagKey: 'flag', value: true, variant: null, reason: null } }];
      const { ours, theirs } = await both(at, script, {});
      expect(ours.results[0]).toEqual({ value: true, variant: undefined, reason: undefined });
      expect(theirs.results[0]).toEqual({ value: true, variant: null, reason: null });
    });
  });
});

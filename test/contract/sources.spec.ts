import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { type Client, type EvaluationContext, type JsonValue, OpenFeature } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';
import vectors from '../fixtures/evaluation-vectors.json';

type FlagType = 'boolean' | 'string' | 'number' | 'object';
type Details = Awaited<ReturnType<typeof ask>>;

const SOURCES = ['remote query', 'remote body', 'localEvaluation', 'definitions'] as const;
type SourceName = (typeof SOURCES)[number];

const defaults = { boolean: false, string: 'mine', number: -1, object: { mine: true } };

async function ask(provider: FlagshipServerProvider, type: FlagType, flagKey: string, context: unknown) {
  const given = context as EvaluationContext;
  switch (type) {
    case 'boolean':
      return provider.resolveBooleanEvaluation(flagKey, defaults.boolean, given);
    case 'string':
      return provider.resolveStringEvaluation(flagKey, defaults.string, given);
    case 'number':
      return provider.resolveNumberEvaluation(flagKey, defaults.number, given);
    case 'object':
      return provider.resolveObjectEvaluation<JsonValue>(flagKey, defaults.object, given);
  }
}

function typeOf(value: unknown): FlagType {
  const type = typeof value;
  return type === 'boolean' || type === 'string' || type === 'number' ? type : 'object';
}

/** The same flags behind every source. */
interface Stage {
  readonly flagship: LocalFlagship;
  readonly providers: Readonly<Record<SourceName, FlagshipServerProvider>>;
  close(): Promise<void>;
}

async function openStage(flags: object, accountId: string): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'sources-'));
  const path = join(folder, 'flags.json');
  writeFileSync(path, JSON.stringify({ flags }));
  const flagship = await startLocalFlagship({
    flags: { flags } as never,
    accountId,
    report: () => undefined,
  });
  const at = { baseUrl: flagship.url, appId: flagship.appId, accountId, retries: 0 };
  const open = async (options: FlagshipProviderOptions): Promise<FlagshipServerProvider> => {
    const provider = new FlagshipServerProvider(options);
    await provider.initialize();
    return provider;
  };
  const providers = {
    'remote query': await open(at),
    'remote body': await open({ ...at, contextTransport: 'body' }),
    localEvaluation: await open({ ...at, localEvaluation: true, refreshInterval: 60_000 }),
    definitions: await open({ definitions: path, accountId }),
  };
  return {
    flagship,
    providers,
    close: async () => {
      await Promise.all(Object.values(providers).map((provider) => provider.onClose()));
      await flagship.close();
      rmSync(folder, { recursive: true });
    },
  };
}

beforeEach(() => {
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('the evaluation vectors', () => {
  const INVALID = { error: 'INVALID_CONTEXT' };
  const unmatched = { value: 'none', variant: 'none', reason: 'DEFAULT' };
  /** A query carries no structure, and leaves out null: an attribute that is not there matches nothing. */
  const overQuery: Readonly<Record<string, object>> = {
    'order-array-attr': INVALID,
    'has-match': INVALID,
    'has-miss': INVALID,
    'not-has-match': INVALID,
    'dotted-path-match': INVALID,
    'exact-key-wins-over-dotted': INVALID,
    'dotted-path-too-deep': INVALID,
    'dotted-path-depth-5': INVALID,
    'split-non-scalar-attr': INVALID,
    'string-not-equals-null': unmatched,
    'not-in-null': unmatched,
  };
  // Several vectors share a key; each gets its own, and keeps the one that seeds its rollout.
  const keyed = vectors.cases.map((item, index) => ({ ...item, flagKey: `${index}-${item.name}` }));
  let stage: Stage;

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const flags = Object.fromEntries(keyed.map(({ flagKey, flag }) => [flagKey, flag]));
    stage = await openStage(flags, vectors.accountId);
  });
  afterAll(() => stage.close());

  it('are 80, and the exceptions for a query are those with structure or null', () => {
    expect(keyed).toHaveLength(80);
    const holds = (test: (value: unknown) => boolean) =>
      keyed.filter(({ context }) => Object.values(context).some(test)).map(({ name }) => name);
    const structured = holds((value) => typeof value === 'object' && value !== null);
    const invalid = Object.keys(overQuery).filter((name) => overQuery[name] === INVALID);
    expect(invalid.toSorted()).toEqual(structured.toSorted());
    expect(holds((value) => value === null)).toEqual(
      expect.arrayContaining(['string-not-equals-null', 'not-in-null']),
    );
  });

  function expectDetails(details: Details, expected: object, type: FlagType): void {
    const none = { value: defaults[type], reason: 'ERROR' };
    if ('error' in expected) expect(details).toMatchObject({ ...none, errorCode: expected.error });
    else if ('reason' in expected && expected.reason === 'DISABLED')
      expect(details).toEqual({ value: defaults[type], reason: 'DISABLED', flagMetadata: {} });
    else expect(details).toEqual({ ...expected, flagMetadata: {} });
  }

  describe.each(SOURCES)('from %s', (source) => {
    it.each(keyed.map((item) => [item.name, item] as const))(
      '%s',
      async (name, { flagKey, flag, context, expected }) => {
        const provider = stage.providers[source];
        const type = typeOf(Object.values(flag.variations)[0]);
        if ('reasonOneOf' in expected) {
          const reasons = new Set<string | undefined>();
          // One after the other: those that ask at the same time get the same answer.
          for (let round = 0; round < 60; round++)
            reasons.add((await ask(provider, type, flagKey, context)).reason);
          expect([...reasons].toSorted()).toEqual([...(expected.reasonOneOf ?? [])].toSorted());
          return;
        }
        const exception = source === 'remote query' ? overQuery[name] : undefined;
        expectDetails(await ask(provider, type, flagKey, context), exception ?? expected, type);
      },
    );
  });
});

describe.each(SOURCES)('OpenFeature’s evaluation scenarios from %s', (source) => {
  const fixed = (name: string, value: JsonValue, others: Record<string, JsonValue>) => ({
    enabled: true,
    default_variation: name,
    variations: { [name]: value, ...others },
    rules: [],
  });
  const equals = (attribute: string, value: JsonValue) => ({ attribute, operator: 'equals', value });
  const pictures = { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 };
  const flags = {
    'boolean-flag': fixed('on', true, { off: false }),
    'string-flag': fixed('greeting', 'hi', { parting: 'bye' }),
    'integer-flag': fixed('ten', 10, { one: 1 }),
    'float-flag': fixed('half', 0.5, { tenth: 0.1 }),
    'object-flag': fixed('template', pictures, { empty: {} }),
    'list-flag': fixed('some', [1, 'two', null], { none: [] }),
    'null-flag': fixed('nothing', null, { empty: {} }),
    'boolean-zero-flag': fixed('zero', false, { 'non-zero': true }),
    'string-zero-flag': fixed('zero', '', { 'non-zero': 'str' }),
    'number-zero-flag': fixed('zero', 0, { 'non-zero': 1 }),
    'object-zero-flag': fixed('zero', {}, { 'non-zero': { a: false } }),
    'wrong-flag': fixed('one', 'uno', { two: 'dos' }),
    'disabled-flag': { ...fixed('on', true, { off: false }), enabled: false },
    'malformed-flag': { ...fixed('on', true, { off: false }), default_variation: 'onn' },
    'context-aware': {
      enabled: true,
      default_variation: 'external',
      variations: { internal: 'INTERNAL', external: 'EXTERNAL' },
      rules: [
        {
          conditions: [
            equals('fn', 'Sulisław'),
            equals('ln', 'Świętopełk'),
            { attribute: 'age', operator: 'less_than_or_equals', value: 29 },
            equals('customer', false),
          ],
          serve_variation: 'internal',
        },
      ],
    },
  };
  const domain = `sources ${source}`;
  let stage: Stage;
  let client: Client;

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    stage = await openStage(flags, 'account');
    await OpenFeature.setProviderAndWait(domain, stage.providers[source]);
    client = OpenFeature.getClient(domain);
  });
  afterAll(async () => {
    await OpenFeature.clearProviders();
    await stage.close();
  });

  it('resolves a value of each type', async () => {
    expect(await client.getBooleanValue('boolean-flag', false)).toBe(true);
    expect(await client.getStringValue('string-flag', 'bye')).toBe('hi');
    expect(await client.getNumberValue('integer-flag', 1)).toBe(10);
    expect(await client.getNumberValue('float-flag', 0.1)).toBe(0.5);
    expect(await client.getObjectValue('object-flag', {})).toEqual(pictures);
  });

  const resolved: readonly (readonly [string, JsonValue, string])[] = [
    ['boolean-flag', true, 'on'],
    ['string-flag', 'hi', 'greeting'],
    ['integer-flag', 10, 'ten'],
    ['float-flag', 0.5, 'half'],
    ['object-flag', pictures, 'template'],
    ['list-flag', [1, 'two', null], 'some'],
    ['null-flag', null, 'nothing'],
    ['boolean-zero-flag', false, 'zero'],
    ['string-zero-flag', '', 'zero'],
    ['number-zero-flag', 0, 'zero'],
    ['object-zero-flag', {}, 'zero'],
  ];
  const detailsOf = (type: FlagType, key: string, context?: EvaluationContext) => {
    switch (type) {
      case 'boolean':
        return client.getBooleanDetails(key, true, context);
      case 'string':
        return client.getStringDetails(key, 'mine', context);
      case 'number':
        return client.getNumberDetails(key, 13, context);
      case 'object':
        return client.getObjectDetails(key, { mine: true }, context);
    }
  };
  it.each(resolved)('resolves the details of %s', async (flagKey, value, variant) => {
    expect(await detailsOf(typeOf(value), flagKey)).toEqual({
      flagKey,
      value,
      variant,
      reason: 'STATIC',
      flagMetadata: {},
    });
  });

  const person = { fn: 'Sulisław', ln: 'Świętopełk', age: 29, customer: false };
  it.each([
    ['all of it', person, 'INTERNAL', 'internal', 'TARGETING_MATCH'],
    ['part of it', { ...person, age: 30 }, 'EXTERNAL', 'external', 'DEFAULT'],
    ['none of it', {}, 'EXTERNAL', 'external', 'DEFAULT'],
  ])('targets by the context: %s', async (_, context, value, variant, reason) => {
    expect(await detailsOf('string', 'context-aware', context)).toMatchObject({ value, variant, reason });
  });

  const unanswered: readonly (readonly [string, FlagType, string, string])[] = [
    ['a missing flag', 'string', 'missing-flag', 'FLAG_NOT_FOUND'],
    ['a flag of another type', 'number', 'wrong-flag', 'TYPE_MISMATCH'],
    ['null for a boolean', 'boolean', 'null-flag', 'TYPE_MISMATCH'],
    ['null for a string', 'string', 'null-flag', 'TYPE_MISMATCH'],
    ['a list for a number', 'number', 'list-flag', 'TYPE_MISMATCH'],
    ['a malformed flag', 'boolean', 'malformed-flag', 'PARSE_ERROR'],
  ];
  const given = { boolean: true, string: 'mine', number: 13, object: { mine: true } };
  it.each(unanswered)('answers the default for %s', async (_, type, flagKey, errorCode) => {
    const details = await detailsOf(type, flagKey);
    expect(details).toMatchObject({ flagKey, value: given[type], reason: 'ERROR', errorCode });
    expect(details.errorMessage).toEqual(expect.stringMatching(/./));
    expect(details.variant).toBeUndefined();
  });

  it('answers the default for a disabled flag, which is no error', async () => {
    const details = await client.getBooleanDetails('disabled-flag', false);
    expect(details).toEqual({ flagKey: 'disabled-flag', value: false, reason: 'DISABLED', flagMetadata: {} });
  });
});

describe('whatever the flags and contexts are', () => {
  const attribute = fc.constantFrom('a', 'b', 'c.d', 'who', 'targetingKey', '__proto__', 'constructor');
  const scalar = fc.oneof(
    fc.constantFrom('a', 'b', '', '1', 'true', '2030-01-01T00:00:00Z', '2030-01-01T01:00:00+01:00'),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.integer({ min: -3, max: 3 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  );
  const value = fc.oneof(
    scalar,
    fc.constant(null),
    fc.array(fc.oneof(scalar, fc.constant(null)), { maxLength: 3 }),
  );
  const operator = fc.constantFrom(
    ...['equals', 'not_equals', 'contains', 'starts_with', 'ends_with', 'in', 'not_in', 'has', 'not_has'],
    ...['greater_than', 'less_than', 'greater_than_or_equals', 'less_than_or_equals', 'matches'],
  );
  const { condition } = fc.letrec<{ condition: object }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.record({ attribute, operator, value }),
      fc.record({
        logical_operator: fc.constantFrom('AND', 'OR'),
        clauses: fc.array(tie('condition'), { maxLength: 3 }),
      }),
    ),
  }));
  // Only where nobody is drawn by lot can two sources be compared.
  const rollout = fc.oneof(
    fc.record({ percentage: fc.double({ min: 0, max: 100, noNaN: true }), attribute: fc.constant('who') }),
    fc.record({ percentage: fc.constantFrom(0, 100, 150, -5), attribute }),
  );
  const rule = fc.record(
    {
      conditions: fc.array(condition, { maxLength: 2 }),
      serve_variation: fc.constantFrom('x', 'y', 'z'),
      rollout,
    },
    { requiredKeys: ['conditions', 'serve_variation'] },
  );
  const flag = fc.record({
    key: fc.constantFrom('flag', 'other'),
    enabled: fc.constantFrom(true, true, true, false),
    default_variation: fc.constantFrom('x', 'y', 'z'),
    variations: fc.constant({ x: 'X', y: 'Y', z: 'Z' }),
    rules: fc.array(rule, { maxLength: 4 }),
  });
  const jsonContext = fc
    .tuple(
      fc.dictionary(attribute, fc.oneof(value, fc.jsonValue({ maxDepth: 2 }), fc.record({ d: value }))),
      fc.oneof(scalar, fc.constant({ a: 1 })),
    )
    .map(([attributes, who]) => Object.assign(Object.create(null) as object, attributes, { who }));

  const providerOf = (flags: object) =>
    new FlagshipServerProvider({ definitions: { flags } as never, accountId: 'account' });

  it('localEvaluation answers as Flagship does with a JSON body', async () => {
    const stage = await openStage({}, 'account');
    const { flagship, providers } = stage;
    await fc.assert(
      fc.asyncProperty(
        flag,
        fc.array(jsonContext, { minLength: 1, maxLength: 6 }),
        async (generated, contexts) => {
          flagship.setFlags({ flags: { flag: generated } } as never);
          expect(await providers.localEvaluation.refresh()).toBe(true);
          const own = providerOf({ flag: generated });
          for (const context of contexts) {
            const remote = await ask(providers['remote body'], 'string', 'flag', context);
            expect(remote.errorCode).toBeUndefined();
            expect(await ask(providers.localEvaluation, 'string', 'flag', context)).toEqual(remote);
            expect(await ask(own, 'string', 'flag', context)).toEqual(remote);
          }
        },
      ),
      { numRuns: 150 },
    );
    await stage.close();
  });

  it('a variant is one of the variations, with its value', async () => {
    await fc.assert(
      fc.asyncProperty(flag, jsonContext, async (generated, context) => {
        const {
          variant,
          value: answer,
          reason,
        } = await ask(providerOf({ flag: generated }), 'string', 'flag', context);
        const { variations } = generated as { variations: Record<string, string> };
        if (reason === 'DISABLED') return;
        expect(Object.keys(variations)).toContain(variant);
        expect(answer).toBe(variations[variant ?? '']);
      }),
      { numRuns: 500 },
    );
  });

  it('nothing rejects: any JSON for definitions, anything for a context', async () => {
    const key = fc.constantFrom('flag', 'variations', 'default_variation', 'flags', '__proto__', '');
    const anyFlag = fc.oneof(
      fc.jsonValue(),
      flag,
      fc
        .tuple(
          flag,
          fc.constantFrom('enabled', 'default_variation', 'variations', 'rules', 'key'),
          fc.jsonValue(),
        )
        .map(([good, name, bad]) => ({ ...good, [name]: bad })),
    );
    const anyContext = fc.oneof(
      jsonContext,
      fc.dictionary(
        attribute,
        fc.anything({ withDate: true, withBigInt: true, withMap: true, withNullPrototype: true }),
      ),
      fc.anything(),
      fc.dictionary(
        attribute,
        fc.constantFrom<unknown>(Symbol('s'), () => 1, new Date(NaN), new WeakMap(), -0, NaN),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, anyFlag, { maxKeys: 3 }), anyContext, async (flags, context) => {
        const provider = providerOf(JSON.parse(JSON.stringify(flags)) as object);
        for (const flagKey of ['flag', '', '__proto__', 'absent']) {
          for (const type of ['boolean', 'string', 'number', 'object'] as const) {
            const details = await ask(provider, type, flagKey, context);
            if (details.errorCode !== undefined) expect(details.value).toEqual(defaults[type]);
            else expect(typeOf(details.value)).toBe(type);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  const share = (percentage: number) => ({
    key: 'flag',
    enabled: true,
    default_variation: 'out',
    variations: { in: 'in', out: 'out' },
    rules: [{ conditions: [], serve_variation: 'in', rollout: { percentage } }],
  });
  const percentage = fc.double({ min: 0, max: 100, noNaN: true });

  it('a subject’s side does not depend on its other attributes', async () => {
    await fc.assert(
      fc.asyncProperty(scalar, percentage, jsonContext, async (targetingKey, percent, others) => {
        const provider = providerOf({ flag: share(percent) });
        const alone = await ask(provider, 'string', 'flag', { targetingKey });
        expect(await ask(provider, 'string', 'flag', { ...others, targetingKey })).toEqual(alone);
      }),
      { numRuns: 300 },
    );
  });

  it('raising the percentage never takes anybody out', async () => {
    await fc.assert(
      fc.asyncProperty(scalar, percentage, percentage, async (targetingKey, one, other) => {
        const provider = providerOf({ low: share(Math.min(one, other)), high: share(Math.max(one, other)) });
        const low = await ask(provider, 'string', 'low', { targetingKey });
        const high = await ask(provider, 'string', 'high', { targetingKey });
        if (low.value === 'in') expect(high.value).toBe('in');
      }),
      { numRuns: 500 },
    );
  });
});

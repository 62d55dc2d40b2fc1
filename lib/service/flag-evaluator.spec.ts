import {
  type Client,
  ErrorCode,
  type EvaluationContext,
  FlagNotFoundError,
  type JsonValue,
  OpenFeature,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderFatalError,
  TypeMismatchError,
} from '@openfeature/server-sdk';
import fc from 'fast-check';
import { ensurePropagation, EvaluationScope, runInScope } from '../context';
import { type FlagType, flagTypeOf } from '../options';
import { FlagEvaluator } from './flag-evaluator';

const DOMAIN = 'evaluator-spec';

/** A provider that does what it is told and writes down what it was asked. */
class ScriptedProvider implements Provider {
  readonly metadata = { name: 'scripted' };
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  readonly asked: unknown[][] = [];
  hooks?: Provider['hooks'];
  outcome: { resolve: unknown } | { throw: unknown } | { off: string } = { resolve: { value: true } };

  constructor(readonly initialize?: () => Promise<void>) {}

  resolveBooleanEvaluation = (...asked: unknown[]) => this.answer('boolean', asked);
  resolveStringEvaluation = (...asked: unknown[]) => this.answer('string', asked);
  resolveNumberEvaluation = (...asked: unknown[]) => this.answer('number', asked);
  resolveObjectEvaluation = (...asked: unknown[]) => this.answer('object', asked);

  private async answer(type: FlagType, [key, value, context, logger]: unknown[]): Promise<never> {
    this.asked.push([type, key, value, { ...(context as object) }, Object.isFrozen(context), logger]);
    if ('throw' in this.outcome) throw this.outcome.throw;
    if ('off' in this.outcome) return { value, reason: this.outcome.off } as never;
    return this.outcome.resolve as never;
  }
}

const viaClient = (
  client: Client,
  type: FlagType,
  key: string,
  value: JsonValue,
  context?: EvaluationContext,
) => {
  switch (type) {
    case 'boolean':
      return client.getBooleanDetails(key, value as boolean, context);
    case 'string':
      return client.getStringDetails(key, value as string, context);
    case 'number':
      return client.getNumberDetails(key, value as number, context);
    case 'object':
      return client.getObjectDetails(key, value, context);
  }
};

const jsonValue = fc.jsonValue() as fc.Arbitrary<JsonValue>;
const attributes = fc.dictionary(
  fc.constantFrom('targetingKey', 'plan', 'a', 'b'),
  fc.string(),
) as fc.Arbitrary<EvaluationContext>;
const resolution = fc.record(
  {
    value: jsonValue,
    variant: fc.string(),
    reason: fc.constantFrom('STATIC', 'TARGETING_MATCH', 'DISABLED', 'CACHED', 'STALE', 'ERROR', 'odd'),
    errorCode: fc.constantFrom(...Object.values(ErrorCode), 'NO_SUCH_CODE' as ErrorCode, '' as ErrorCode),
    errorMessage: fc.string(),
    flagMetadata: fc.dictionary(fc.string(), fc.string()),
  },
  { requiredKeys: ['value'] },
);
const thrown = fc.constantFrom(
  new Error('plain'),
  new FlagNotFoundError('not here'),
  new TypeMismatchError(),
  'text',
  undefined,
  null,
  { code: 'PARSE_ERROR', message: 'no error at all' },
  { code: '' },
);
const outcome = fc.oneof(
  resolution.map((resolve) => ({ resolve })),
  thrown.map((error) => ({ throw: error })),
);

describe('the short way and the way of the OpenFeature client', () => {
  const client = OpenFeature.getClient(DOMAIN);
  const evaluator = new FlagEvaluator(client, DOMAIN);
  const provider = new ScriptedProvider();

  beforeAll(async () => {
    ensurePropagation();
    await OpenFeature.setProviderAndWait(DOMAIN, provider);
  });
  afterEach(() => {
    OpenFeature.setContext({});
    client.setContext({});
    OpenFeature.clearHooks();
    client.clearHooks();
    provider.asked.length = 0;
  });
  afterAll(() => OpenFeature.clearProviders());

  it('give the same details, and ask the provider the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        outcome,
        jsonValue,
        fc.string(),
        fc.tuple(attributes, attributes, attributes, fc.option(attributes, { nil: undefined })),
        async (script, value, key, [api, transaction, own, invocation]) => {
          provider.outcome = script;
          provider.asked.length = 0;
          OpenFeature.setContext(api);
          client.setContext(own);
          const type = flagTypeOf(value);
          const short = await evaluator.evaluate(
            type,
            key,
            value,
            invocation,
            new EvaluationScope(transaction),
          );
          const long = await runInScope(new EvaluationScope(transaction), () =>
            viaClient(client, type, key, value, invocation),
          );
          expect(short).toEqual(long);
          expect(Object.keys(short).sort()).toEqual(Object.keys(long).sort());
          expect(Object.isFrozen(short.flagMetadata)).toBe(true);
          expect(provider.asked[0]).toEqual(provider.asked[1]);
          expect(provider.asked[0]?.[5]).toBe(provider.asked[1]?.[5]);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('give the same details outside of any scope', async () => {
    await fc.assert(
      fc.asyncProperty(
        outcome,
        jsonValue,
        fc.option(attributes, { nil: undefined }),
        async (script, value, invocation) => {
          provider.outcome = script;
          provider.asked.length = 0;
          const type = flagTypeOf(value);
          const short = await evaluator.evaluate(type, 'flag', value, invocation);
          expect(short).toEqual(await viaClient(client, type, 'flag', value, invocation));
          expect(provider.asked[0]).toEqual(provider.asked[1]);
        },
      ),
    );
  });

  const pending = new Promise<void>(() => undefined);
  const idle = (): void => undefined;
  const states: [string, ScriptedProvider, (provider: ScriptedProvider) => void][] = [
    ['not ready', new ScriptedProvider(() => pending), idle],
    ['in error', new ScriptedProvider(() => Promise.reject(new Error('down'))), idle],
    ['fatal', new ScriptedProvider(() => Promise.reject(new ProviderFatalError('wrong token'))), idle],
    ['stale', new ScriptedProvider(), (it) => it.events.emit(ProviderEvents.Stale)],
    [
      'in error later',
      new ScriptedProvider(),
      (it) => it.events.emit(ProviderEvents.Error, { message: 'x' }),
    ],
    [
      'ready again',
      new ScriptedProvider(),
      (it) => {
        it.events.emit(ProviderEvents.Stale);
        it.events.emit(ProviderEvents.Ready);
      },
    ],
  ];

  it.each(states)('agree on a provider that is %s', async (name, stateful, change) => {
    const domain = `state ${name}`;
    const bound = OpenFeature.getClient(domain);
    void OpenFeature.setProviderAndWait(domain, stateful).catch(() => undefined);
    await new Promise(setImmediate);
    change(stateful);
    const short = await new FlagEvaluator(bound, domain).evaluate('boolean', 'flag', false);
    expect(short).toEqual(await bound.getBooleanDetails('flag', false));
    expect(stateful.asked.length === 0 || stateful.asked.length === 2).toBe(true);
  });

  describe('with hooks', () => {
    const places: [string, (hook: object) => void, () => void][] = [
      ['the API', (hook) => OpenFeature.addHooks(hook), () => OpenFeature.clearHooks()],
      ['the client', (hook) => client.addHooks(hook), () => client.clearHooks()],
      ['the provider', (hook) => (provider.hooks = [hook]), () => (provider.hooks = undefined)],
    ];

    it.each(places)(
      'runs a hook of %s once an evaluation, with the context in force',
      async (_, add, remove) => {
        provider.outcome = { resolve: { value: true, reason: 'STATIC' } };
        const seen: unknown[] = [];
        add({
          before: ({ context }: { context: EvaluationContext }) => {
            seen.push(['before', { ...context }]);
            return { added: 'by hook' };
          },
          after: () => {
            seen.push('after');
          },
          finally: () => {
            seen.push('finally');
          },
        });
        try {
          const scope = new EvaluationScope({ targetingKey: 'u1' });
          const details = await evaluator.evaluate('boolean', 'flag', false, undefined, scope);
          expect(details).toMatchObject({ value: true, reason: 'STATIC', flagKey: 'flag' });
          expect(seen).toEqual([['before', { targetingKey: 'u1' }], 'after', 'finally']);
          expect(provider.asked[0]?.[3]).toEqual({ targetingKey: 'u1', added: 'by hook' });
          await evaluator.evaluate('boolean', 'flag', false, undefined, scope);
          expect(seen).toHaveLength(3);
        } finally {
          remove();
        }
      },
    );
  });

  describe('within a scope', () => {
    const scope = () => new EvaluationScope({ targetingKey: 'u1' });

    it('asks once for parallel and later readers, flag by flag and type by type', async () => {
      provider.outcome = { resolve: { value: true, variant: 'on', reason: 'STATIC' } };
      const one = scope();
      const ask = (type: FlagType, key: string, value: JsonValue) =>
        evaluator.evaluate(type, key, value, undefined, one);
      await Promise.all([ask('boolean', 'a', false), ask('boolean', 'a', true), ask('boolean', 'b', true)]);
      await ask('boolean', 'a', false);
      await ask('string', 'a', '');
      expect(provider.asked.map(([type, key]) => [type, key])).toEqual([
        ['boolean', 'a'],
        ['boolean', 'b'],
        ['string', 'a'],
      ]);
    });

    it('keeps the answer when the flag flips, and only in this scope', async () => {
      const one = scope();
      provider.outcome = { resolve: { value: true, variant: 'on', reason: 'STATIC' } };
      await evaluator.evaluate('boolean', 'a', false, undefined, one);
      provider.outcome = { resolve: { value: false, variant: 'off', reason: 'STATIC' } };
      expect((await evaluator.evaluate('boolean', 'a', false, undefined, one)).value).toBe(true);
      expect((await evaluator.evaluate('boolean', 'a', false, undefined, scope())).value).toBe(false);
    });

    it.each([
      ['failed', { throw: new Error('down') }, 1],
      // That it is off is known when the answer follows the default.
      ['is switched off', { off: 'DISABLED' }, 2],
    ])('gives each caller its own default when the flag %s', async (_, script, times) => {
      provider.outcome = script;
      const one = scope();
      const first = await evaluator.evaluate('string', 'a', 'first', undefined, one);
      const second = await evaluator.evaluate('string', 'a', 'second', undefined, one);
      const third = await evaluator.evaluate('string', 'a', 'third', undefined, one);
      expect([first.value, second.value, third.value]).toEqual(['first', 'second', 'third']);
      expect(provider.asked).toHaveLength(times);
    });

    it('tells contexts apart by content, not by order or identity', async () => {
      provider.outcome = { resolve: { value: true, reason: 'STATIC' } };
      const one = scope();
      const ask = (context?: EvaluationContext) => evaluator.evaluate('boolean', 'a', false, context, one);
      await ask();
      await ask({ targetingKey: 'u1' });
      await ask({ plan: 'pro', region: 'eu' });
      await ask({ region: 'eu', plan: 'pro' });
      await ask({ plan: 'free' });
      expect(provider.asked.map((asked) => asked[3])).toEqual([
        { targetingKey: 'u1' },
        { targetingKey: 'u1', plan: 'pro', region: 'eu' },
        { targetingKey: 'u1', plan: 'free' },
      ]);
    });

    it('asks again when the global context changes, and not when it only changes back', async () => {
      provider.outcome = { resolve: { value: true, reason: 'STATIC' } };
      const one = scope();
      const ask = () => evaluator.evaluate('boolean', 'a', false, undefined, one);
      await ask();
      OpenFeature.setContext({ region: 'eu' });
      await ask();
      OpenFeature.setContext({});
      await ask();
      expect(provider.asked).toHaveLength(2);
    });

    it('hands each caller a copy of an object', async () => {
      provider.outcome = { resolve: { value: { accent: 'teal' }, reason: 'STATIC' } };
      const one = scope();
      const first = await evaluator.evaluate<JsonValue>('object', 'a', {}, undefined, one);
      (first.value as Record<string, string>).accent = 'changed';
      const second = await evaluator.evaluate<JsonValue>('object', 'a', {}, undefined, one);
      expect(second.value).toEqual({ accent: 'teal' });
    });

    it('does not remember without end', async () => {
      provider.outcome = { resolve: { value: true, reason: 'STATIC' } };
      const one = scope();
      for (let user = 0; user < 1500; user++) {
        await evaluator.evaluate('boolean', 'a', false, { targetingKey: `u${user}` }, one);
      }
      provider.asked.length = 0;
      await evaluator.evaluate('boolean', 'a', false, { targetingKey: 'u1499' }, one);
      expect(provider.asked).toHaveLength(0);
      await evaluator.evaluate('boolean', 'a', false, { targetingKey: 'u0' }, one);
      expect(provider.asked).toHaveLength(1);
    });

    it('keeps the answers of two evaluators apart', async () => {
      const one = scope();
      const other = new FlagEvaluator(OpenFeature.getClient('other-domain'), 'other-domain');
      await OpenFeature.setProviderAndWait('other-domain', new ScriptedProvider());
      provider.outcome = { resolve: { value: false, reason: 'STATIC' } };
      expect((await evaluator.evaluate('boolean', 'a', true, undefined, one)).value).toBe(false);
      expect((await other.evaluate('boolean', 'a', false, undefined, one)).value).toBe(true);
    });
  });
});

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

/** A provider that resolves as its script says and records the arguments of each call. */
class ScriptedProvider implements Provider {
  readonly metadata = { name: 'scripted' };
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  readonly calls: unknown[][] = [];
  hooks?: Provider['hooks'];
  outcome: { resolve: unknown } | { throw: unknown } | { off: string } = { resolve: { value: true } };

  constructor(readonly initialize?: () => Promise<void>) {}

  resolveBooleanEvaluation = (...args: unknown[]) => this.resolve('boolean', args);
  resolveStringEvaluation = (...args: unknown[]) => this.resolve('string', args);
  resolveNumberEvaluation = (...args: unknown[]) => this.resolve('number', args);
  resolveObjectEvaluation = (...args: unknown[]) => this.resolve('object', args);

  private async resolve(type: FlagType, [key, value, context, logger]: unknown[]): Promise<never> {
    this.calls.push([type, key, value, { ...(context as object) }, Object.isFrozen(context), logger]);
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
    reason: fc.constantFrom('STATIC', 'TARGETING_MATCH', 'DISABLED', 'CACHED', 'STALE', 'ERROR', 'custom'),
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

describe('an evaluation through the provider and one through the OpenFeature client', () => {
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
    provider.calls.length = 0;
  });
  afterAll(() => OpenFeature.clearProviders());

  it('return the same details and call the provider with the same arguments', async () => {
    await fc.assert(
      fc.asyncProperty(
        outcome,
        jsonValue,
        fc.string(),
        fc.tuple(attributes, attributes, attributes, fc.option(attributes, { nil: undefined })),
        async (script, value, key, [api, transaction, own, invocation]) => {
          provider.outcome = script;
          provider.calls.length = 0;
          OpenFeature.setContext(api);
          client.setContext(own);
          const type = flagTypeOf(value);
          const direct = await evaluator.evaluate(
            type,
            key,
            value,
            invocation,
            new EvaluationScope(transaction),
          );
          const viaSdk = await runInScope(new EvaluationScope(transaction), () =>
            viaClient(client, type, key, value, invocation),
          );
          expect(direct).toEqual(viaSdk);
          expect(Object.keys(direct).sort()).toEqual(Object.keys(viaSdk).sort());
          expect(Object.isFrozen(direct.flagMetadata)).toBe(true);
          expect(provider.calls[0]).toEqual(provider.calls[1]);
          expect(provider.calls[0]?.[5]).toBe(provider.calls[1]?.[5]);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('return the same details outside of any scope', async () => {
    await fc.assert(
      fc.asyncProperty(
        outcome,
        jsonValue,
        fc.option(attributes, { nil: undefined }),
        async (script, value, invocation) => {
          provider.outcome = script;
          provider.calls.length = 0;
          const type = flagTypeOf(value);
          const direct = await evaluator.evaluate(type, 'flag', value, invocation);
          expect(direct).toEqual(await viaClient(client, type, 'flag', value, invocation));
          expect(provider.calls[0]).toEqual(provider.calls[1]);
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

  it.each(states)('return the same details for a provider that is %s', async (name, stateful, change) => {
    const domain = `state ${name}`;
    const bound = OpenFeature.getClient(domain);
    void OpenFeature.setProviderAndWait(domain, stateful).catch(() => undefined);
    await new Promise(setImmediate);
    change(stateful);
    const direct = await new FlagEvaluator(bound, domain).evaluate('boolean', 'flag', false);
    expect(direct).toEqual(await bound.getBooleanDetails('flag', false));
    expect(stateful.calls.length === 0 || stateful.calls.length === 2).toBe(true);
  });

  describe('with hooks', () => {
    const places: [string, (hook: object) => void, () => void][] = [
      ['the API', (hook) => OpenFeature.addHooks(hook), () => OpenFeature.clearHooks()],
      ['the client', (hook) => client.addHooks(hook), () => client.clearHooks()],
      ['the provider', (hook) => (provider.hooks = [hook]), () => (provider.hooks = undefined)],
    ];

    it.each(places)(
      'runs a hook of %s once per evaluation, with the merged context',
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
          expect(provider.calls[0]?.[3]).toEqual({ targetingKey: 'u1', added: 'by hook' });
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

    it('evaluates once for concurrent and later readers, per flag and type', async () => {
      provider.outcome = { resolve: { value: true, variant: 'on', reason: 'STATIC' } };
      const sameScope = scope();
      const evaluate = (type: FlagType, key: string, value: JsonValue) =>
        evaluator.evaluate(type, key, value, undefined, sameScope);
      await Promise.all([
        evaluate('boolean', 'a', false),
        evaluate('boolean', 'a', true),
        evaluate('boolean', 'b', true),
      ]);
      await evaluate('boolean', 'a', false);
      await evaluate('string', 'a', '');
      expect(provider.calls.map(([type, key]) => [type, key])).toEqual([
        ['boolean', 'a'],
        ['boolean', 'b'],
        ['string', 'a'],
      ]);
    });

    it('keeps the value when the flag changes, in this scope only', async () => {
      const sameScope = scope();
      provider.outcome = { resolve: { value: true, variant: 'on', reason: 'STATIC' } };
      await evaluator.evaluate('boolean', 'a', false, undefined, sameScope);
      provider.outcome = { resolve: { value: false, variant: 'off', reason: 'STATIC' } };
      expect((await evaluator.evaluate('boolean', 'a', false, undefined, sameScope)).value).toBe(true);
      expect((await evaluator.evaluate('boolean', 'a', false, undefined, scope())).value).toBe(false);
    });

    it.each([
      ['failed', { throw: new Error('down') }, 1],
      // A second evaluation shows that the value follows the default, and so that the flag is off.
      ['is switched off', { off: 'DISABLED' }, 2],
    ])('returns each caller its own default when the flag %s', async (_, script, times) => {
      provider.outcome = script;
      const sameScope = scope();
      const first = await evaluator.evaluate('string', 'a', 'first', undefined, sameScope);
      const second = await evaluator.evaluate('string', 'a', 'second', undefined, sameScope);
      const third = await evaluator.evaluate('string', 'a', 'third', undefined, sameScope);
      expect([first.value, second.value, third.value]).toEqual(['first', 'second', 'third']);
      expect(provider.calls).toHaveLength(times);
    });

    it('compares contexts by content, not by order or identity', async () => {
      provider.outcome = { resolve: { value: true, reason: 'STATIC' } };
      const sameScope = scope();
      const evaluate = (context?: EvaluationContext) =>
        evaluator.evaluate('boolean', 'a', false, context, sameScope);
      await evaluate();
      await evaluate({ targetingKey: 'u1' });
      await evaluate({ plan: 'pro', region: 'eu' });
      await evaluate({ region: 'eu', plan: 'pro' });
      await evaluate({ plan: 'free' });
      expect(provider.calls.map((call) => call[3])).toEqual([
        { targetingKey: 'u1' },
        { targetingKey: 'u1', plan: 'pro', region: 'eu' },
        { targetingKey: 'u1', plan: 'free' },
      ]);
    });

    it('evaluates again when the global context changes, but not when it changes back', async () => {
      provider.outcome = { resolve: { value: true, reason: 'STATIC' } };
      const sameScope = scope();
      const evaluate = () => evaluator.evaluate('boolean', 'a', false, undefined, sameScope);
      await evaluate();
      OpenFeature.setContext({ region: 'eu' });
      await evaluate();
      OpenFeature.setContext({});
      await evaluate();
      expect(provider.calls).toHaveLength(2);
    });

    it('returns each caller a copy of an object', async () => {
      provider.outcome = { resolve: { value: { accent: 'teal' }, reason: 'STATIC' } };
      const sameScope = scope();
      const first = await evaluator.evaluate<JsonValue>('object', 'a', {}, undefined, sameScope);
      (first.value as Record<string, string>).accent = 'changed';
      const second = await evaluator.evaluate<JsonValue>('object', 'a', {}, undefined, sameScope);
      expect(second.value).toEqual({ accent: 'teal' });
    });

    it('keeps a limited number of contexts', async () => {
      provider.outcome = { resolve: { value: true, reason: 'STATIC' } };
      const sameScope = scope();
      for (let user = 0; user < 1500; user++) {
        await evaluator.evaluate('boolean', 'a', false, { targetingKey: `u${user}` }, sameScope);
      }
      provider.calls.length = 0;
      await evaluator.evaluate('boolean', 'a', false, { targetingKey: 'u1499' }, sameScope);
      expect(provider.calls).toHaveLength(0);
      await evaluator.evaluate('boolean', 'a', false, { targetingKey: 'u0' }, sameScope);
      expect(provider.calls).toHaveLength(1);
    });

    it('separates the evaluations of two evaluators', async () => {
      const sameScope = scope();
      const other = new FlagEvaluator(OpenFeature.getClient('other-domain'), 'other-domain');
      await OpenFeature.setProviderAndWait('other-domain', new ScriptedProvider());
      provider.outcome = { resolve: { value: false, reason: 'STATIC' } };
      expect((await evaluator.evaluate('boolean', 'a', true, undefined, sameScope)).value).toBe(false);
      expect((await other.evaluate('boolean', 'a', false, undefined, sameScope)).value).toBe(true);
    });
  });
});

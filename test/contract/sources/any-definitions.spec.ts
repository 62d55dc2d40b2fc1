import fc from 'fast-check';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { useLog } from '../../fixtures/captured-log';
import { ask, defaults, METADATA, openStage, typeOf } from './all-sources';

// Hundreds of random cases each.
jest.setTimeout(180_000);

// Some flags are malformed on purpose.
useLog(/^warn (Flag ".*" is|\d+ more flags are) malformed/);

describe('for random flags and contexts', () => {
  const attribute = fc.constantFrom('a', 'b', 'c.d', 'who', 'targetingKey', '__proto__', 'constructor');
  const scalar = fc.oneof(
    fc.constantFrom('a', 'b', '', '1', 'true', '2031', '007', '2030-01-01T00:00:00Z'),
    fc.constantFrom('2030-01-01T01:00:00+01:00', '\ud800', '\ufffd'),
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
  // Two sources can only be compared where a rollout is not random.
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
            expect(remote.flagMetadata).toEqual(METADATA['remote body']);
            expect(await ask(providers.localEvaluation, 'string', 'flag', context)).toEqual({
              ...remote,
              flagMetadata: METADATA.localEvaluation,
            });
            expect(await ask(own, 'string', 'flag', context)).toEqual({
              ...remote,
              flagMetadata: METADATA.definitions,
            });
          }
        },
      ),
      { numRuns: 150 },
    );
    await stage.close();
  });

  it('Flagship answers alike whether a query or a body carries the context', async () => {
    const stage = await openStage({}, 'account');
    const { flagship, providers } = stage;
    const flatContext = fc.record({ a: scalar, b: scalar, who: scalar }, { requiredKeys: ['who'] });
    await fc.assert(
      fc.asyncProperty(
        flag,
        fc.array(fc.oneof(flatContext, jsonContext), { minLength: 1, maxLength: 6 }),
        async (generated, contexts) => {
          flagship.setFlags({ flags: { flag: generated } } as never);
          for (const context of contexts) {
            const byBody = await ask(providers['remote body'], 'string', 'flag', context);
            expect(await ask(providers['remote auto'], 'string', 'flag', context)).toEqual(byBody);
          }
        },
      ),
      { numRuns: 100 },
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

  it('raising the percentage never excludes a subject that was included', async () => {
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

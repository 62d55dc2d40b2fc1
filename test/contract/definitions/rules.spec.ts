import fc from 'fast-check';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { TestFlags } from 'nestjs-flagship/testing';
import { useLog } from '../../fixtures/captured-log';
import vectors from '../../fixtures/evaluation-vectors.json';
import { fixedFlag } from '../../fixtures/definitions';
import { call } from '../../fixtures/flagship-client';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useServer } from '../../fixtures/use-server';

jest.setTimeout(60_000);

const lines = useLog();
const cleanUp = useCleanup();
const servers = useServer();

const always = (serve_variation: string, priority?: unknown) => ({
  conditions: [],
  serve_variation,
  ...(priority === undefined ? {} : { priority }),
});
const flagWith = (rules: unknown) => ({
  ...fixedFlag('flag', 'otherwise'),
  variations: { fixed: 'otherwise', x: 'X', y: 'Y', z: 'Z' },
  rules,
});

const open = (flag: object) => {
  const provider = new FlagshipServerProvider({ definitions: { flag } as never });
  cleanUp(() => provider.onClose());
  return provider;
};
const detailsOf = (flag: object, context: object = {}) =>
  open(flag).resolveStringEvaluation('flag', 'mine', context as never);

describe('rules with a priority', () => {
  it.each<readonly [string, readonly object[], string]>([
    ['lower ones first', [always('x', 2), always('y', 1)], 'Y'],
    ['an absent one as 0', [always('x', 1), always('y')], 'Y'],
    ['null as an absent one', [always('x', 1), always('y', null)], 'Y'],
    ['negative ones and fractions', [always('x'), always('y', -1), always('z', -1.5)], 'Z'],
    ['equal ones in the order of the list', [always('x', 3), always('y', 1), always('z', 1)], 'Y'],
    ['none in the order of the list', [always('x'), always('y')], 'X'],
  ])('are evaluated: %s', async (_, rules, value) => {
    expect((await detailsOf(flagWith(rules))).value).toBe(value);
    const test = new TestFlags({ flag: flagWith(rules) as never }).provider;
    expect((await test.resolveStringEvaluation('flag', 'mine', {}, {} as never)).value).toBe(value);
  });

  it.each([['1'], [true], [[1]], [{}], [NaN], [Infinity]])(
    'make the flag malformed, and no other one, if one is %p',
    async (priority) => {
      const provider = new FlagshipServerProvider({
        definitions: { flag: flagWith([always('x'), always('y', priority)]), good: 'one' } as never,
      });
      cleanUp(() => provider.onClose());
      const { value, errorCode } = await provider.resolveStringEvaluation('flag', 'mine', {});
      expect([value, errorCode]).toEqual(['mine', 'PARSE_ERROR']);
      expect((await provider.resolveStringEvaluation('good', 'mine', {})).value).toBe('one');
      expect(lines.splice(0)).toEqual([expect.stringMatching(/flag(\.rules\[1\])?.*priority/)]);
    },
  );

  it('keep their places in messages, and the caller’s object is not changed', async () => {
    const rules = Object.freeze([always('x', 9), always('absent', 1)]);
    const flag = flagWith(rules);
    expect((await detailsOf(flag)).errorCode).toBe('PARSE_ERROR');
    expect(lines).toEqual([expect.stringContaining('flag.rules[1].serve_variation')]);
    expect(rules.map(({ serve_variation }) => serve_variation)).toEqual(['x', 'absent']);
  });

  it('are served by the local Flagship as by the real one: in order, without priority', async () => {
    const flags = {
      flag: flagWith([always('x', 2), always('y'), always('z', 1)]),
      none: fixedFlag('none', 1),
    };
    const flagship = await servers.startFlagship({ flags: { flags } as never });
    const { body } = await call(flagship, 'definitions');
    const served = body.flags as Record<string, { rules: unknown }>;
    expect(served.flag?.rules).toEqual([always('y'), always('z'), always('x')]);
    expect(served.none?.rules).toEqual([]);
  });

  it('answer as the same rules given in order', async () => {
    const condition = fc.record({
      attribute: fc.constant('a'),
      operator: fc.constantFrom('equals', 'not_equals'),
      value: fc.integer({ min: 0, max: 2 }),
    });
    const rule = fc.record({
      conditions: fc.array(condition, { maxLength: 2 }),
      serve_variation: fc.constantFrom('x', 'y', 'z'),
      rollout: fc.record({ percentage: fc.constantFrom(0, 30, 70, 100) }),
      priority: fc.integer({ min: -2, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { maxLength: 6 }), fc.integer({ min: 0, max: 2 }), async (rules, a) => {
        const ordered = [-2, -1, 0, 1, 2, 3].flatMap((each) =>
          rules.filter(({ priority }) => priority === each),
        );
        const inOrder = ordered.map((each) => ({ ...each, priority: undefined }));
        const context = { targetingKey: `user-${a}`, a };
        expect(await detailsOf(flagWith(rules), context)).toEqual(
          await detailsOf(flagWith(inOrder), context),
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('a flag without rules', () => {
  it.each([
    ['left out', flagWith(undefined)],
    ['null', flagWith(null)],
    ['an empty list', flagWith([])],
  ])('serves its default variation: %s', async (_case, flag) => {
    expect(await detailsOf(flag)).toMatchObject({ value: 'otherwise', reason: 'STATIC' });
    const flagship = await servers.startFlagship({ flags: { flag: flag as never } });
    const { body } = await call(flagship, 'definitions');
    expect((body.flags as Record<string, { rules: unknown }>).flag?.rules).toEqual([]);
    const test = new TestFlags();
    test.setFor('ann', 'flag', flag as never);
    const details = await test.provider.resolveStringEvaluation(
      'flag',
      '?',
      { targetingKey: 'ann' },
      {} as never,
    );
    expect(details).toMatchObject({ value: 'otherwise', reason: 'TARGETING_MATCH' });
  });
});

describe('a split between several variations', () => {
  const share = (serve_variation: string, percentage: number, priority: number) => ({
    conditions: [{ attribute: 'plan', operator: 'equals', value: 'pro' }],
    serve_variation,
    rollout: { percentage },
    priority,
  });
  // Listed as the management API may list them: the priorities give the order.
  const flag = {
    ...flagWith([share('z', 100, 3), share('x', 30, 1), share('y', 70, 2)]),
    key: 'three-ways',
  };

  /** The variations of `user-0` to `user-19`, computed by another implementation of the hash. */
  const EXPECTED = 'ZZXYXYZXXXXYXZZZYYYZ';

  it('by cumulative percentages gives each subject its variation', async () => {
    const provider = new FlagshipServerProvider({
      definitions: [flag] as never,
      accountId: vectors.accountId,
    });
    cleanUp(() => provider.onClose());
    const details = await Promise.all(
      Array.from(EXPECTED, (_, index) =>
        provider.resolveStringEvaluation('three-ways', '?', { targetingKey: `user-${index}`, plan: 'pro' }),
      ),
    );
    expect(details.map(({ value }) => value).join('')).toBe(EXPECTED);
    expect(details.map(({ value, reason }) => [value, reason])).toEqual(
      Array.from(EXPECTED, (value) => [value, value === 'Z' ? 'TARGETING_MATCH' : 'SPLIT']),
    );
    const other = await provider.resolveStringEvaluation('three-ways', '?', { targetingKey: 'user-0' });
    expect(other).toMatchObject({ value: 'otherwise', reason: 'DEFAULT' });
  });
});

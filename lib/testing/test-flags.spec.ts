import { type ErrorCode, type EvaluationContext, type JsonValue } from '@openfeature/server-sdk';
import { Test } from '@nestjs/testing';
import fc from 'fast-check';
import { FlagService } from '../service';
import { FlagshipTestingModule } from './flagship-testing.module';
import { TestFlags } from './test-flags';
import { type TestFlagValues } from './test-flag-values';

const drop = (): void => undefined;
const logger = { error: drop, warn: drop, info: drop, debug: drop };

const evaluate = (flags: TestFlags, key: string, targetingKey?: string) =>
  flags.provider.resolveNumberEvaluation(key, -1, targetingKey === undefined ? {} : { targetingKey }, logger);
const evaluateObject = <T extends JsonValue>(
  flags: TestFlags,
  fallback: T,
  context: EvaluationContext = {},
) => flags.provider.resolveObjectEvaluation('look', fallback, context, logger);

describe('a flag that fails', () => {
  it('keeps failing for all other users when it is set for one user', async () => {
    const flags = new TestFlags({ limit: 1 });
    flags.fail('limit', 'GENERAL');
    flags.setFor('ann', 'limit', 2);
    expect(await evaluate(flags, 'limit', 'ann')).toMatchObject({ value: 2, reason: 'TARGETING_MATCH' });
    for (const user of ['bob', undefined]) {
      expect(await evaluate(flags, 'limit', user)).toMatchObject({ value: -1, errorCode: 'GENERAL' });
    }
    flags.set('limit', 3);
    expect(await evaluate(flags, 'limit', 'ann')).toMatchObject({ value: 2 });
    expect(await evaluate(flags, 'limit', 'bob')).toMatchObject({ value: 3 });
  });

  it('fails for a user for whom it was set before, until it is set again', async () => {
    const flags = new TestFlags({ limit: 1 });
    flags.setFor('ann', 'limit', 2);
    flags.fail('limit', 'PARSE_ERROR');
    expect(await evaluate(flags, 'limit', 'ann')).toMatchObject({ value: -1, errorCode: 'PARSE_ERROR' });
    flags.setFor('ann', { limit: 3 });
    expect(await evaluate(flags, 'limit', 'ann')).toMatchObject({ value: 3 });
    flags.fail('limit', 'GENERAL');
    expect(await evaluate(flags, 'limit', 'ann')).toMatchObject({ value: -1, errorCode: 'GENERAL' });
  });

  it('does not affect other flags', async () => {
    const flags = new TestFlags({ limit: 1, size: 1 });
    flags.fail('limit', 'GENERAL');
    flags.setFor('ann', 'size', 2);
    flags.set('size', 3);
    expect(await evaluate(flags, 'limit', 'ann')).toMatchObject({ errorCode: 'GENERAL' });
    expect(await evaluate(flags, 'size', 'ann')).toMatchObject({ value: 2 });
  });

  type Step =
    | { readonly does: 'set'; readonly value: number }
    | { readonly does: 'setFor'; readonly user: string; readonly value: number }
    | { readonly does: 'fail'; readonly code: `${ErrorCode}` }
    | { readonly does: 'reset' };

  const users = ['ann', 'bob'];
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ does: fc.constant('set' as const), value: fc.nat(9) }),
    fc.record({ does: fc.constant('setFor' as const), user: fc.constantFrom(...users), value: fc.nat(9) }),
    fc.record({
      does: fc.constant('fail' as const),
      code: fc.constantFrom('GENERAL' as const, 'PARSE_ERROR' as const),
    }),
    fc.record({ does: fc.constant('reset' as const) }),
  );

  /** Returns the documented result: the user's value, or else the general one, unless the flag was made to fail later. */
  function expected(steps: readonly Step[], user: string): number | string {
    const since = steps.slice(steps.findLastIndex(({ does }) => does === 'reset') + 1);
    const last = (is: (one: Step) => boolean) => since.findLastIndex(is);
    const failed = last(({ does }) => does === 'fail');
    const forUser = last((one) => one.does === 'setFor' && one.user === user);
    const forAll = last(({ does }) => does === 'set');
    if (failed > forAll && failed > forUser) return (since[failed] as { code: string }).code;
    const found = since[forUser] ?? since[forAll];
    return found === undefined ? 0 : (found as { value: number }).value;
  }

  it('follows the documented precedence for every sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const flags = new TestFlags({ limit: 0 });
        for (const one of steps) {
          if (one.does === 'set') flags.set('limit', one.value);
          else if (one.does === 'setFor') flags.setFor(one.user, 'limit', one.value);
          else if (one.does === 'fail') flags.fail('limit', one.code);
          else flags.reset();
        }
        for (const user of [...users, 'eve']) {
          const { value, errorCode } = await evaluate(flags, 'limit', user);
          expect(errorCode ?? value).toBe(expected(steps, user));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the objects that a test passes and receives are independent', () => {
  it('later changes to values have no effect', async () => {
    const look = { colours: ['teal'] };
    const definition = {
      enabled: true,
      default_variation: 'on',
      variations: { on: { colours: ['teal'] } },
      rules: [],
    };
    const values: TestFlagValues = { look };
    const flags = new TestFlags(values);
    const changeAll = (): void => {
      look.colours.push('red');
      definition.variations.on.colours.push('red');
      definition.enabled = false;
      Object.assign(values, { look: 'other' });
    };
    changeAll();
    expect(await evaluateObject(flags, {})).toMatchObject({ value: { colours: ['teal'] } });
    for (const set of [
      () => flags.set('look', definition),
      () => flags.setFor('ann', { look: definition }),
      () => flags.set({ look: definition }),
    ]) {
      definition.enabled = true;
      definition.variations.on.colours = ['teal'];
      set();
      changeAll();
      expect(await evaluateObject(flags, {}, { targetingKey: 'ann' })).toMatchObject({
        value: { colours: ['teal'] },
      });
    }
  });

  it('each application starts with the flags of forRoot', async () => {
    const values = { look: { colours: ['teal'] } };
    const module = FlagshipTestingModule.forRoot(values);
    for (const colour of ['red', 'blue']) {
      values.look.colours.push(colour);
      const testing = await Test.createTestingModule({ imports: [module] }).compile();
      const value = await testing.get(FlagService).getObjectValue('look', {});
      await testing.close();
      expect(value).toEqual({ colours: ['teal'] });
    }
  });

  it('recorded evaluations are copies that neither the caller nor a reader can change', async () => {
    const flags = new TestFlags({ look: { colours: ['teal'] } });
    const context = { targetingKey: 'ann', tags: ['a'], since: new Date(0), nested: { plan: 'pro' } };
    const fallback = { colours: ['grey'] };
    const { value } = await evaluateObject(flags, fallback, context);
    flags.fail('look', 'GENERAL');
    await evaluateObject(flags, fallback, context);
    value.colours.push('red');
    fallback.colours.push('red');
    context.tags.push('b');
    context.since.setTime(1);
    context.nested.plan = 'free';
    const originalContext = { targetingKey: 'ann', tags: ['a'], since: new Date(0), nested: { plan: 'pro' } };
    const records = [
      { defaultValue: { colours: ['grey'] }, value: { colours: ['teal'] }, context: originalContext },
      { defaultValue: { colours: ['grey'] }, value: { colours: ['grey'] }, context: originalContext },
    ];
    const read = flags.evaluations;
    expect(read).toMatchObject(records);
    for (const { context: recorded, value: resolved } of read) {
      (recorded.tags as string[]).push('read');
      (resolved as typeof value).colours.push('read');
    }
    (read as unknown[]).pop();
    expect(flags.evaluations).toMatchObject(records);
    expect(flags.evaluations[0]!.context.since).toBeInstanceOf(Date);
  });

  it.each([
    ['a date', { owner: new Date(0) }],
    ['a function', { owner: () => 'team', ticket: 'A-1' }],
    ['a boxed text', { owner: Object('team') as unknown }],
    ['a number without end', { owner: Infinity }],
    ['a Map in its place', new Map([['owner', 'team']])],
    ['an object with toJSON', { toJSON: () => ({ owner: 'team' }) }],
  ])('metadata that the sources would drop is refused: %s', (_, metadata) => {
    const definition = { enabled: true, variations: { on: true }, default_variation: 'on', rules: [] };
    const flags = new TestFlags();
    const refused = /metadata of flag "owned" (is not an object|has entries)/;
    expect(() => {
      flags.set({ owned: { ...definition, metadata } });
    }).toThrow(refused);
    expect(() => new TestFlags({ owned: { ...definition, metadata } as never })).toThrow(refused);
  });

  it('answers, failures included, have the metadata of a definition', async () => {
    const definition = { enabled: true, default_variation: 'on', variations: { on: true }, rules: [] };
    const flags = new TestFlags({ owned: { ...definition, metadata: { owner: 'team' } }, plain: true });
    const metadataOf = async (key: string, user: string) =>
      (await flags.provider.resolveBooleanEvaluation(key, false, { targetingKey: user }, logger))
        .flagMetadata;
    expect(await metadataOf('owned', 'ann')).toEqual({ owner: 'team' });
    expect(await metadataOf('plain', 'ann')).toEqual({});
    flags.setFor('ann', 'owned', { ...definition, metadata: { owner: 'ann' } });
    expect(await metadataOf('owned', 'ann')).toEqual({ owner: 'ann' });
    flags.fail('owned', 'GENERAL');
    expect(await metadataOf('owned', 'bob')).toEqual({ owner: 'team' });
    expect(
      (await flags.provider.resolveStringEvaluation('plain', '', {}, logger)).flagMetadata,
    ).toBeUndefined();
  });

  const circular: Record<string, unknown> = { plan: 'pro' };
  circular.self = circular;
  let deep: Record<string, unknown> = {};
  for (let level = 0; level < 20_000; level++) deep = { deep };
  const contexts: [string, object][] = [
    ['a circular reference', circular],
    ['20,000 levels', deep],
    ['functions', { plan: () => 'pro' }],
    ['an instance', { when: new Map([['a', 1]]) }],
    [
      'a getter that throws',
      {
        get plan() {
          throw new Error('no');
        },
      },
    ],
  ];
  it.each(contexts)('a flag is evaluated and recorded under a context with %s', async (_, context) => {
    const flags = new TestFlags({ limit: 1 });
    const { value } = await flags.provider.resolveNumberEvaluation('limit', -1, context as never, logger);
    expect(value).toBe(1);
    expect(flags.evaluations).toHaveLength(1);
  });
});

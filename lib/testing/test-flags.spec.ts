import { type ErrorCode, type EvaluationContext, type JsonValue } from '@openfeature/server-sdk';
import { Test } from '@nestjs/testing';
import fc from 'fast-check';
import { FlagService } from '../service';
import { FlagshipTestingModule } from './flagship-testing.module';
import { TestFlags } from './test-flags';
import { type TestFlagValues } from './test-flag-values';

const drop = (): void => undefined;
const logger = { error: drop, warn: drop, info: drop, debug: drop };

const ask = (flags: TestFlags, key: string, targetingKey?: string) =>
  flags.provider.resolveNumberEvaluation(key, -1, targetingKey === undefined ? {} : { targetingKey }, logger);
const askObject = <T extends JsonValue>(flags: TestFlags, fallback: T, context: EvaluationContext = {}) =>
  flags.provider.resolveObjectEvaluation('look', fallback, context, logger);

describe('a flag that fails', () => {
  it('goes on failing for all others when it is set for one user', async () => {
    const flags = new TestFlags({ limit: 1 });
    flags.fail('limit', 'GENERAL');
    flags.setFor('ann', 'limit', 2);
    expect(await ask(flags, 'limit', 'ann')).toMatchObject({ value: 2, reason: 'TARGETING_MATCH' });
    for (const user of ['bob', undefined]) {
      expect(await ask(flags, 'limit', user)).toMatchObject({ value: -1, errorCode: 'GENERAL' });
    }
    flags.set('limit', 3);
    expect(await ask(flags, 'limit', 'ann')).toMatchObject({ value: 2 });
    expect(await ask(flags, 'limit', 'bob')).toMatchObject({ value: 3 });
  });

  it('fails for a user for whom it had been set before, until that is set again', async () => {
    const flags = new TestFlags({ limit: 1 });
    flags.setFor('ann', 'limit', 2);
    flags.fail('limit', 'PARSE_ERROR');
    expect(await ask(flags, 'limit', 'ann')).toMatchObject({ value: -1, errorCode: 'PARSE_ERROR' });
    flags.setFor('ann', { limit: 3 });
    expect(await ask(flags, 'limit', 'ann')).toMatchObject({ value: 3 });
    flags.fail('limit', 'GENERAL');
    expect(await ask(flags, 'limit', 'ann')).toMatchObject({ value: -1, errorCode: 'GENERAL' });
  });

  it('is no other flag’s affair', async () => {
    const flags = new TestFlags({ limit: 1, size: 1 });
    flags.fail('limit', 'GENERAL');
    flags.setFor('ann', 'size', 2);
    flags.set('size', 3);
    expect(await ask(flags, 'limit', 'ann')).toMatchObject({ errorCode: 'GENERAL' });
    expect(await ask(flags, 'size', 'ann')).toMatchObject({ value: 2 });
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

  /** As the documentation says it: what was set for the user, else for everybody, unless it has failed since. */
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

  it('follows the documented precedence, whatever a test does', async () => {
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
          const { value, errorCode } = await ask(flags, 'limit', user);
          expect(errorCode ?? value).toBe(expected(steps, user));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('what a test gives and gets is its own', () => {
  it('values that are changed after they were set count as they were', async () => {
    const look = { colours: ['teal'] };
    const definition = {
      enabled: true,
      default_variation: 'on',
      variations: { on: { colours: ['teal'] } },
      rules: [],
    };
    const given: TestFlagValues = { look };
    const flags = new TestFlags(given);
    const spoil = (): void => {
      look.colours.push('red');
      definition.variations.on.colours.push('red');
      definition.enabled = false;
      Object.assign(given, { look: 'other' });
    };
    spoil();
    expect(await askObject(flags, {})).toMatchObject({ value: { colours: ['teal'] } });
    for (const set of [
      () => flags.set('look', definition),
      () => flags.setFor('ann', { look: definition }),
      () => flags.set({ look: definition }),
    ]) {
      definition.enabled = true;
      definition.variations.on.colours = ['teal'];
      set();
      spoil();
      expect(await askObject(flags, {}, { targetingKey: 'ann' })).toMatchObject({
        value: { colours: ['teal'] },
      });
    }
  });

  it('flags of a module are those of its forRoot, for each application', async () => {
    const given = { look: { colours: ['teal'] } };
    const module = FlagshipTestingModule.forRoot(given);
    for (const colour of ['red', 'blue']) {
      given.look.colours.push(colour);
      const testing = await Test.createTestingModule({ imports: [module] }).compile();
      const answer = await testing.get(FlagService).getObjectValue('look', {});
      await testing.close();
      expect(answer).toEqual({ colours: ['teal'] });
    }
  });

  it('records hold what was asked and answered, whatever becomes of it, and whoever reads them', async () => {
    const flags = new TestFlags({ look: { colours: ['teal'] } });
    const context = { targetingKey: 'ann', tags: ['a'], since: new Date(0), nested: { plan: 'pro' } };
    const fallback = { colours: ['grey'] };
    const { value } = await askObject(flags, fallback, context);
    flags.fail('look', 'GENERAL');
    await askObject(flags, fallback, context);
    value.colours.push('red');
    fallback.colours.push('red');
    context.tags.push('b');
    context.since.setTime(1);
    context.nested.plan = 'free';
    const asked = { targetingKey: 'ann', tags: ['a'], since: new Date(0), nested: { plan: 'pro' } };
    const records = [
      { defaultValue: { colours: ['grey'] }, value: { colours: ['teal'] }, context: asked },
      { defaultValue: { colours: ['grey'] }, value: { colours: ['grey'] }, context: asked },
    ];
    const read = flags.evaluations;
    expect(read).toMatchObject(records);
    for (const { context: seen, value: answer } of read) {
      (seen.tags as string[]).push('read');
      (answer as typeof value).colours.push('read');
    }
    (read as unknown[]).pop();
    expect(flags.evaluations).toMatchObject(records);
    expect(flags.evaluations[0]!.context.since).toBeInstanceOf(Date);
  });

  const circular: Record<string, unknown> = { plan: 'pro' };
  circular.self = circular;
  let deep: Record<string, unknown> = {};
  for (let level = 0; level < 20_000; level++) deep = { deep };
  const contexts: [string, object][] = [
    ['a circle', circular],
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
  it.each(contexts)('a context with %s is answered and recorded', async (_, context) => {
    const flags = new TestFlags({ limit: 1 });
    const { value } = await flags.provider.resolveNumberEvaluation('limit', -1, context as never, logger);
    expect(value).toBe(1);
    expect(flags.evaluations).toHaveLength(1);
  });
});

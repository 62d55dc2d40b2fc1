import { FlagshipTestingModule, TestFlags, type TestFlagValues } from 'nestjs-flagship/testing';
import { onFor, useTestingShop } from '../../fixtures/use-testing-shop';

const { apps } = useTestingShop();

describe('invalid test flags', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const definition = onFor('plan', 'pro');

  it.each([
    ['undefined', undefined, /"bad" must have a value that JSON can hold/],
    ['a function', () => true, /"bad" must have.*a function/],
    ['not a number', NaN, /"bad" must have.*NaN/],
    ['a big integer', 10n, /"bad" cannot be used/],
    ['a circle', circular, /"bad" cannot be used/],
    ['rules that are no list', { ...definition, rules: 'none' }, /"bad" is malformed at bad\.rules/],
    [
      'metadata with a nested value',
      { ...definition, metadata: { owner: {} } },
      /metadata of flag "bad" has entries.*"owner"/,
    ],
    ['metadata that is no object', { ...definition, metadata: 'x' }, /metadata of flag "bad" is not an obj/],
    [
      'a default that is not there',
      { ...definition, default_variation: 'of' },
      /bad\.default_variation.*"of"/,
    ],
    [
      'a rule that serves nothing',
      { ...definition, rules: [{ conditions: [], serve_variation: 'onn' }] },
      /bad\.rules\[0\]\.serve_variation.*"onn"/,
    ],
  ])('%s: stops the start, and later changes nothing', async (_, value, problem) => {
    const values = { good: 'new', bad: value } as TestFlagValues;
    const compiling = apps.compile({ imports: [FlagshipTestingModule.forRoot(values)] });
    await expect(compiling).rejects.toThrow(problem);
    const flags = new TestFlags({ good: 'old' });
    const setting = [
      () => flags.set(values),
      () => flags.set('bad', value as never),
      () => flags.setFor('ann', 'bad', value as never),
    ];
    for (const set of setting) {
      expect(set).toThrow(
        expect.objectContaining({ code: 'CONFIGURATION_ERROR', message: expect.stringMatching(problem) }),
      );
    }
    await flags.provider.resolveStringEvaluation('good', '?', {}, console);
    await flags.provider.resolveStringEvaluation('bad', '?', { targetingKey: 'ann' }, console);
    expect(flags.evaluations).toMatchObject([{ value: 'old' }, { errorCode: 'FLAG_NOT_FOUND' }]);
  });

  it('a list, a text, null and a number are refused as flags', () => {
    for (const values of [['a'], 'a', null, 7]) {
      expect(() => new TestFlags(values as never)).toThrow(/must be an object/);
    }
  });

  it('an error code that OpenFeature does not know is refused', () => {
    expect(() => new TestFlags().fail('a', 'NO_SUCH' as never)).toThrow(/GENERAL.*"NO_SUCH"/);
  });

  it("the provider's options are refused", async () => {
    const compile = (options: object) =>
      apps.compile({ imports: [FlagshipTestingModule.forRoot({}, options)] });
    await expect(compile({ appId: 'shop' })).rejects.toThrow(/"provider" and "appId" exclude/);
    await expect(compile({ hook: [] })).rejects.toThrow(/no option "hook"/);
  });
});

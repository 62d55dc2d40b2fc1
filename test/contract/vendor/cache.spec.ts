import { type ScriptedAnswer } from '../../fixtures/scripted-server';
import { answer, answersAny, type CommonOptions, type Question, useBothProviders } from './both-providers';

const vendor = useBothProviders();

describe('the provider remembers the same as @cloudflare/flagship', () => {
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
    await vendor.expectSame(
      { ...vendor.at, ...(cache === 'on' ? kept : { cacheTtl: 0 }) },
      script,
      ...questions,
    );
  });
});

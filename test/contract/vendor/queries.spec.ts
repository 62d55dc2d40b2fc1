import { type EvaluationContext } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { answer, answersAny, useBothProviders } from './both-providers';

const vendor = useBothProviders();

describe('the provider sends the same query as @cloudflare/flagship for', () => {
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

  it.each(contexts.map((context, index) => [index, JSON.stringify(context).slice(0, 60), context] as const))(
    'context %i: %s',
    async (_, __, context) => {
      const { requests } = await vendor.expectSame(vendor.at, [answer(true)], { context });
      expect(requests).toHaveLength(1);
    },
  );

  it('by default, unless a query would change the context', async () => {
    const auto = { ...vendor.at, contextTransport: 'auto' } as const;
    const isChanged = (value: unknown): boolean =>
      value === null ||
      (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) ||
      (typeof value === 'string' && (/\p{Surrogate}/u.test(value) || value === 'true'));
    for (const context of contexts) {
      if (Object.values(context).some(isChanged)) {
        const { ours } = await vendor.both(auto, [answer(true)], { context });
        expect(ours.requests).toEqual(['POST /evaluate undefined']);
      } else {
        await vendor.expectSame(auto, [answer(true)], { context });
      }
    }
  });

  it.each(['flag', 'a b', 'ü', 'a&b=c', 'a/b?c#d', '%2F', '', '__proto__', symbols])(
    'the flag "%s"',
    async (flagKey) => {
      const { requests } = await vendor.expectSame(vendor.at, [answersAny], {
        flagKey,
        context: { plan: 'pro' },
      });
      expect(requests).toHaveLength(1);
    },
  );

  it.each(contexts.map((context, index) => [index, context] as const))(
    'context %i on an endpoint with a query of its own',
    async (_, context) => {
      const endpoint = `${vendor.server.url}/evaluate?a=own&plan=own&flagKey=own&x=%20~!%27+y&x=2&empty`;
      const { requests } = await vendor.expectSame({ ...vendor.at, endpoint }, [answer(true)], { context });
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
        await vendor.expectSame(vendor.at, [answer(true)], {
          context: context as unknown as EvaluationContext,
        });
      }),
      { numRuns: 200 },
    );
  }, 180_000);

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
    const { requests, results } = await vendor.expectSame(vendor.at, [answer(true)], { context });
    expect(requests).toEqual([]);
    expect(results[0]?.errorCode).toBe('INVALID_CONTEXT');
  });
});

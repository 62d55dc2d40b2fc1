import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { FlagshipError } from '../../errors';
import { readQueryValue, validateContext } from '../../types';
import { evaluationBody } from '../context-json';
import { evaluationPath, exactPath, MAX_URL_BYTES } from './context-query';

type Context = Record<string, unknown>;

const endpoint = new URL('http://host/evaluate');
/** As the provider does it: first validated, then sent. */
const bodyOf = (flagKey: string, context: Context): string =>
  evaluationBody(flagKey, validateContext(context));
const sentContext = (context: Context): unknown =>
  (JSON.parse(bodyOf('flag', context)) as { context: unknown }).context;
const errorOf = (run: () => unknown): FlagshipError => {
  try {
    run();
  } catch (error) {
    if (error instanceof FlagshipError) return error;
    throw error;
  }
  throw new Error('expected a FlagshipError');
};

class Person {
  readonly name = 'secret-value';
}
const circular: Context = { name: 'secret-value' };
circular.self = circular;
const deep = (levels: number): unknown => (levels === 0 ? 'secret-value' : { a: deep(levels - 1) });

describe('the query', () => {
  it.each([
    [{}, '?flagKey=flag'],
    [{ a: 'b c', d: 1, e: true }, '?flagKey=flag&a=b+c&d=1&e=true'],
    [{ a: null, b: undefined, c: '' }, '?flagKey=flag&c='],
    [{ since: new Date(0) }, '?flagKey=flag&since=1970-01-01T00%3A00%3A00.000Z'],
    [{ since: runInNewContext('new Date(0)') as Date }, '?flagKey=flag&since=1970-01-01T00%3A00%3A00.000Z'],
    [{ flagKey: null }, '?flagKey=flag'],
  ] as [Context, string][])('carries %j', (context, query) => {
    expect(evaluationPath(endpoint, 'flag', context)).toBe(`/evaluate${query}`);
  });

  it('is encoded exactly as by URLSearchParams', () => {
    const text = fc.string({ unit: 'binary' });
    const attribute = fc.tuple(text, text).filter(([name]) => name !== 'flagKey');
    fc.assert(
      fc.property(text, fc.uniqueArray(attribute, { selector: ([name]) => name }), (flagKey, attributes) => {
        const context = Object.fromEntries(attributes);
        const expected = new URLSearchParams([['flagKey', flagKey], ...Object.entries(context)]);
        expect(evaluationPath(endpoint, flagKey, context)).toBe(`/evaluate?${expected.toString()}`);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the parameters of the endpoint, except those that flag and context replace', () => {
    const own = new URL('http://host/x/evaluate?key=1&plan=free&flagKey=other&plan=again');
    expect(evaluationPath(own, 'flag', { plan: 'pro', more: 'yes' })).toBe(
      '/x/evaluate?key=1&plan=pro&flagKey=flag&more=yes',
    );
  });

  it.each([
    ['an object', { a: 'secret-value' }],
    ['a list', ['secret-value']],
    ['a map', new Map([['a', 'secret-value']])],
    ['an instance', new Person()],
    ['a function', () => 'secret-value'],
    ['a bigint', 10n],
    ['a symbol', Symbol('secret-value')],
    ['an invalid date', new Date(NaN)],
  ])('refuses %s with a message that names the attribute and a remedy, but no value', (_, value) => {
    const context = { fine: 'secret-value', odd: value };
    const error = errorOf(() => evaluationPath(endpoint, 'flag', context));
    expect(error.code).toBe('INVALID_CONTEXT');
    expect(error.message).toMatch(/"odd".*"contextTransport".*"body"/);
    expect(error.message).not.toMatch(/secret-value|"fine"/);
    expect(exactPath(endpoint, 'flag', context)).toBeUndefined();
  });

  it('names all refused attributes', () => {
    const error = errorOf(() => evaluationPath(endpoint, 'flag', { one: [], two: {}, three: 3 }));
    expect(error.message).toMatch(/"one", "two"/);
  });

  it('refuses an attribute named flagKey', () => {
    const error = errorOf(() => evaluationPath(endpoint, 'flag', { flagKey: 'other' }));
    expect(error.code).toBe('INVALID_CONTEXT');
    expect(error.message).toMatch(/"flagKey".*"contextTransport"/);
    expect(exactPath(endpoint, 'flag', { flagKey: 'other' })).toBeUndefined();
  });
});

describe('the exact query', () => {
  const carried: readonly (readonly [Context, string])[] = [
    [{}, '?flagKey=flag'],
    [{ gone: undefined, flagKey: undefined }, '?flagKey=flag'],
    [{ plan: 'a b', seats: 12, trial: false }, '?flagKey=flag&plan=a+b&seats=12&trial=false'],
    [{ since: new Date(0) }, '?flagKey=flag&since=1970-01-01T00%3A00%3A00.000Z'],
    [{ a: '007', b: '1.0', c: '' }, '?flagKey=flag&a=007&b=1.0&c='],
    [{ a: -0, b: 1e-7, c: 2.5 }, '?flagKey=flag&a=0&b=1e-7&c=2.5'],
    [JSON.parse('{"__proto__":"x","":"y"}') as Context, '?flagKey=flag&__proto__=x&=y'],
    [{ flagkey: 'lower' }, '?flagKey=flag&flagkey=lower'],
  ];
  it.each(carried)('carries %j', (context, query) => {
    expect(exactPath(endpoint, 'flag', context)).toBe(`/evaluate${query}`);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['an object', {}],
    ['a list', []],
    ['a text that reads as a number', '42'],
    ['a text that reads as a year', '2026'],
    ['a text that reads as a boolean', 'true'],
    ['a number that is read as text', 2 ** 53],
    ['a large number', -1e21],
    ['a lone surrogate', 'a\ud800b'],
  ])('does not carry %s', (_, value) => {
    expect(exactPath(endpoint, 'flag', { fine: 'x', value })).toBeUndefined();
  });

  it.each<[string, Context]>([
    ['flagKey', { flagKey: 'other' }],
    ['a lone surrogate', { '\udc00': 'x' }],
  ])('does not carry an attribute whose name is %s', (_, context) => {
    expect(exactPath(endpoint, 'flag', context)).toBeUndefined();
  });

  it('does not replace a parameter of the endpoint', () => {
    const own = new URL('http://host/evaluate?key=1');
    expect(exactPath(own, 'flag', { key: 'x' })).toBeUndefined();
    expect(exactPath(own, 'flag', { plan: 'pro' })).toBe('/evaluate?key=1&flagKey=flag&plan=pro');
  });

  it.each(['x', 'ü', '%'])('ends where the whole URL has more than 8192 bytes, of "%s"', (unit) => {
    const bytesOf = (count: number): number =>
      `http://host${evaluationPath(endpoint, 'flag', { text: unit.repeat(count) })}`.length;
    const most = Math.floor((MAX_URL_BYTES - bytesOf(0)) / (bytesOf(1) - bytesOf(0)));
    expect(bytesOf(most)).toBeLessThanOrEqual(8192);
    expect(bytesOf(most + 1)).toBeGreaterThan(8192);
    expect(exactPath(endpoint, 'flag', { text: unit.repeat(most) })).toHaveLength(
      bytesOf(most) - 'http://host'.length,
    );
    expect(exactPath(endpoint, 'flag', { text: unit.repeat(most + 1) })).toBeUndefined();
  });

  it('is read again as the same context, whatever the context is', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.double().map(String), fc.constant('true'));
    const value = fc.oneof(text, fc.double({ noNaN: true }), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.dictionary(text, value), (context) => {
        const path = exactPath(endpoint, 'flag', context);
        if (path === undefined) return;
        const [, ...parameters] = new URL(path, endpoint).searchParams;
        const read = Object.fromEntries(parameters.map(([name, given]) => [name, readQueryValue(given)]));
        // As JSON, which has no negative zero.
        expect(read).toEqual(JSON.parse(JSON.stringify(context)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the body', () => {
  const foreign = runInNewContext('({ user: { tags: ["a"], since: new Date(0) } })') as Context;

  it.each([
    [{}, {}],
    [
      { a: 'b', n: 1.5, t: true, none: null },
      { a: 'b', n: 1.5, t: true, none: null },
    ],
    [{ gone: undefined, inner: { gone: undefined } }, { inner: {} }],
    [{ list: [1, undefined, null, ['x', { y: 1 }]] }, { list: [1, null, null, ['x', { y: 1 }]] }],
    [{ since: new Date(0) }, { since: '1970-01-01T00:00:00.000Z' }],
    [{ inner: Object.assign(Object.create(null) as object, { a: 1 }) }, { inner: { a: 1 } }],
    [{ flagKey: 'other' }, { flagKey: 'other' }],
    [
      { text: '007', lone: '\ud800' },
      { text: '007', lone: '\ud800' },
    ],
    [foreign, { user: { tags: ['a'], since: '1970-01-01T00:00:00.000Z' } }],
  ] as [Context, Context][])('carries %j with its types', (context, expected) => {
    expect(sentContext(context)).toEqual(expected);
  });

  it('names the flag beside the context', () => {
    expect(JSON.parse(bodyOf('a"b', { flagKey: 'c' }))).toEqual({
      flagKey: 'a"b',
      context: { flagKey: 'c' },
    });
  });

  it('carries any JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ depthSize: 'small' })), (context) => {
        expect(sentContext(context)).toEqual(JSON.parse(JSON.stringify(context)));
      }),
    );
  });

  it('carries own attributes only, __proto__ included', () => {
    const context = JSON.parse('{"__proto__":{"plan":"pro"},"a":{"__proto__":1}}') as Context;
    expect(bodyOf('flag', context)).toBe(
      '{"flagKey":"flag","context":{"__proto__":{"plan":"pro"},"a":{"__proto__":1}}}',
    );
    expect(sentContext(Object.create({ inherited: 1 }) as Context)).toEqual({});
  });

  it('carries an object that appears twice', () => {
    const shared = { a: 1 };
    expect(sentContext({ one: shared, two: [shared] })).toEqual({ one: { a: 1 }, two: [{ a: 1 }] });
  });

  it.each([
    ['a circle', circular, 'self.self'],
    ['too deep a structure', { odd: deep(10) }, 'odd.a.a'],
    ['a map', { odd: new Map([['a', 'secret-value']]) }, '"odd"'],
    ['a set', { odd: new Set(['secret-value']) }, '"odd"'],
    ['an instance', { user: { odd: new Person() } }, '"user.odd"'],
    ['a function', { list: ['secret-value', () => 1] }, '"list[1]"'],
    ['a bigint', { odd: 10n }, '"odd"'],
    ['a symbol', { odd: Symbol('secret-value') }, '"odd"'],
    ['an invalid date', { odd: new Date(NaN) }, '"odd"'],
    ['NaN', { odd: NaN }, '"odd"'],
    ['Infinity', { odd: [-Infinity] }, '"odd[0]"'],
    ['a toJSON', { odd: { toJSON: () => 'secret-value' } }, '"odd.toJSON"'],
  ] as [string, Context, string][])(
    'refuses %s with a message that names the path, but no value',
    (_, context, place) => {
      const error = errorOf(() => bodyOf('flag', context));
      expect(error.code).toBe('INVALID_CONTEXT');
      expect(error.message).toContain(place);
      expect(error.message).not.toContain('secret-value');
    },
  );

  it('ignores a method by which the context writes itself', () => {
    class User {
      readonly plan = 'pro';
      toJSON(): unknown {
        return { plan: 'secret-value' };
      }
    }
    expect(sentContext(new User() as unknown as Context)).toEqual({ plan: 'pro' });
  });

  it('refuses a getter that throws when it is read again', () => {
    let reads = 0;
    const context = {
      get plan() {
        if (reads++ > 0) throw new Error('secret-value');
        return 'pro';
      },
    };
    const error = errorOf(() => bodyOf('flag', context));
    expect(error.code).toBe('INVALID_CONTEXT');
    expect(error.message).not.toContain('secret-value');
  });

  it('refuses objects with circular references to each other, without following every path', () => {
    const users: Context[] = Array.from({ length: 12 }, (_, id) => ({ id }));
    for (const user of users) user.friends = users;
    expect(errorOf(() => bodyOf('flag', { users })).code).toBe('INVALID_CONTEXT');
  });

  it('carries as many levels as the API accepts', () => {
    // The context itself is the first of ten.
    expect(sentContext({ a: deep(9) })).toEqual({ a: deep(9) });
  });

  const shared = (levels: number, make: (inner: unknown) => unknown): unknown =>
    Array.from({ length: levels }).reduce(make, 'secret-value');
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  it.each([
    ['an object that appears very often', { odd: shared(9, (inner) => Array<unknown>(20).fill(inner)) }],
    [
      'an empty object that appears very often',
      { odd: shared(9, (inner) => ({ a: inner, b: inner, c: inner })) },
    ],
    ['one text many times', { odd: Array(5000).fill('secret-value'.repeat(100)) }],
    ['a long text', { odd: 'secret-value'.repeat(3000) }],
    ['long names', { odd: { ['n'.repeat(40_000)]: 1, last: 1 } }],
    ['a sparse list with a length of four billion', { odd: new Array(2 ** 32 - 1) }],
    ['10,001 values', { odd: Array(10_000).fill(0) }],
    [
      'a getter that throws',
      {
        get odd() {
          throw new Error('secret-value');
        },
      },
    ],
    [
      'a getter in a list that throws',
      {
        odd: Object.defineProperty(['a'], 0, {
          get: () => {
            throw new FlagshipError('secret-value', 'GENERAL' as never);
          },
        }),
      },
    ],
    [
      'a list that throws',
      {
        odd: new Proxy([1], {
          get: () => {
            throw new Error('secret-value');
          },
        }),
      },
    ],
    ['a revoked proxy', { odd: revoked() }],
    [
      'a proxy that throws',
      {
        odd: new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('secret-value');
            },
          },
        ),
      },
    ],
  ] as [string, Context][])('refuses %s with a message without a value', (_, context) => {
    const error = errorOf(() => bodyOf('flag', context));
    expect(error.code).toBe('INVALID_CONTEXT');
    expect(error.message).not.toContain('secret-value');
  });

  it('carries 10,000 values', () => {
    // The list itself is one of them.
    expect(sentContext({ list: Array(9999).fill(0) })).toEqual({ list: Array(9999).fill(0) });
  });

  it('ignores the methods that the application gave to a date', () => {
    const odd = Object.assign(new Date(0), {
      getTime: () => {
        throw new Error('no');
      },
      toISOString: () => 'x',
    });
    expect(sentContext({ odd })).toEqual({ odd: '1970-01-01T00:00:00.000Z' });
    expect(evaluationPath(endpoint, 'flag', { odd })).toContain('odd=1970-01-01');
  });
});

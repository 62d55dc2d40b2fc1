import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { FlagshipError } from '../errors';
import { type Attributes, validateContext, CONTEXT_LIMITS, copyContext, freezeContext } from '.';

type Copy = (context: unknown) => Attributes;
const copies: [string, Copy][] = [
  ['copyContext', copyContext],
  ['validateContext', validateContext],
];

const nested = (levels: number): Attributes => (levels === 1 ? { end: 'x' } : { a: nested(levels - 1) });
const tangle = (levels: number, branches: number): Attributes => {
  let inner: Attributes = { end: 'x' };
  for (let level = 1; level < levels; level++)
    inner = Object.fromEntries(Array.from({ length: branches }, (_, index) => [`branch${index}`, inner]));
  return inner;
};
const attributes = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, index]));
const circular: Record<string, unknown> = { name: 'secret-value' };
circular.self = circular;
const revoked = (target: object) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const thrower = {
  get plan(): string {
    throw new Error('secret-value');
  },
};
/** Returns a context with one attribute whose JSON has this size. */
const ofBytes = (bytes: number, unit = 'x') => {
  const frame = JSON.stringify({ a: '' }).length;
  const room = bytes - frame;
  const size = Buffer.byteLength(JSON.stringify(unit)) - 2;
  return { a: unit.repeat(Math.floor(room / size)) + 'x'.repeat(room % size) };
};

function errorOf(run: () => unknown): FlagshipError {
  try {
    run();
  } catch (error) {
    if (error instanceof FlagshipError) return error;
    throw error;
  }
  throw new Error('expected a FlagshipError');
}

describe.each(copies)('%s', (_name, copy) => {
  it.each<[string, unknown]>([
    ['attributes at the limit', attributes(CONTEXT_LIMITS.attributes)],
    ['attributes at the limit and undefined ones', { ...attributes(100), gone: undefined }],
    ['levels at the limit', nested(CONTEXT_LIMITS.levels)],
    ['values at the limit', { list: new Array(CONTEXT_LIMITS.values - 1).fill(1) }],
    ['a size at the limit', ofBytes(CONTEXT_LIMITS.bytes)],
    ['a size at the limit, of two bytes a letter', ofBytes(CONTEXT_LIMITS.bytes, 'ü')],
    ['a size at the limit, of escaped letters', ofBytes(CONTEXT_LIMITS.bytes, '\u0001')],
    ['a size at the limit, of half characters', ofBytes(CONTEXT_LIMITS.bytes, '\ud800')],
    ['parts that are shared', tangle(6, 3)],
    ['nothing', {}],
    ['an object of another realm', runInNewContext('({ a: { b: [1, new Date(0)] } })')],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ])('accepts %s', (_, context) => {
    expect(copy(context)).toEqual(JSON.parse(JSON.stringify(context), revive) as object);
  });

  it.each<[string, unknown, RegExp]>([
    ['attributes', attributes(101), /101 attributes, more than 100/],
    ['levels', nested(11), /more than 10 levels/],
    ['levels, without a key', { list: [[[[[[[[[['x']]]]]]]]]] }, /more than 10 levels/],
    ['values', { list: new Array(10_000).fill(1) }, /more than 10000 values/],
    ['values, none of which is there', { list: new Array(1e9) }, /values|larger/],
    ['bytes', ofBytes(CONTEXT_LIMITS.bytes + 1), /larger than 32768 bytes/],
    ['bytes, of two a letter', ofBytes(CONTEXT_LIMITS.bytes + 1, 'ü'), /larger than 32768 bytes/],
    ['bytes, of escaped letters', ofBytes(CONTEXT_LIMITS.bytes + 1, '\u0001'), /larger than 32768 bytes/],
    ['bytes, in a name', { ['n'.repeat(40_000)]: 1 }, /larger/],
    ['bytes, at once', { text: 'x'.repeat(100_000_000) }, /larger/],
    ['parts that are shared', tangle(20, 2), /more than 10 levels/],
    ['parts that are shared, in few levels', tangle(10, 8), /larger|values/],
    ['itself', circular, /circular/],
    ['an attribute that throws', thrower, /cannot be read/],
    ['an attribute that throws deep inside', { a: { b: [thrower] } }, /cannot be read/],
    ['a proxy that is revoked', { a: revoked({}) }, /cannot be read/],
    ['a list that is revoked', { a: revoked([]) }, /cannot be read/],
    ['nothing but a revoked proxy', revoked({}), /cannot be read/],
  ])('refuses too many %s at once, without its values', (_, context, message) => {
    const start = performance.now();
    const error = errorOf(() => copy(context));
    expect(performance.now() - start).toBeLessThan(1000);
    expect(error.code).toBe('INVALID_CONTEXT');
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/secret-value/);
    expect(error.message.length).toBeLessThan(300);
  });

  it.each<[string, unknown]>([
    ['text', 'plan=pro'],
    ['a number', 7],
    ['a boolean', true],
    ['a function', () => ({ plan: 'pro' })],
    ['a symbol', Symbol('s')],
    ['a bigint', 7n],
    ['a list', [{ plan: 'pro' }]],
    ['a promise', Promise.resolve({ plan: 'pro' })],
    ['a map', new Map([['plan', 'pro']])],
    ['a set', new Set(['plan'])],
    ['a date', new Date(0)],
    ['bytes', Buffer.from('pro')],
    ['an array buffer', new ArrayBuffer(3)],
    ['a typed array', new Uint16Array(2)],
    ['an empty typed array', new Uint16Array(0)],
    ['a boxed text', Object('pro')],
    ['a boxed number', Object(7)],
    ['an error', new Error('pro')],
    ['a regular expression', /pro/],
  ])('refuses %s, which cannot have attributes', (_, context) => {
    expect(errorOf(() => copy(context)).code).toBe('INVALID_CONTEXT');
  });

  it('accepts attributes whose names are numbers', () => {
    expect(copy({ 0: 'a', 1: 'b' })).toEqual({ 0: 'a', 1: 'b' });
  });

  it.each([undefined, null, {}])('accepts %p as a context without attributes', (context) => {
    expect(copy(context)).toEqual({});
  });

  it('reads each property once', () => {
    let reads = 0;
    const shifting = {
      get profile(): object {
        return { plan: `read ${++reads}`, more: {} };
      },
    };
    const context = copy(shifting) as { profile: { plan: string } };
    const first = context.profile.plan;
    expect(context.profile.plan).toBe(first);
  });

  it('copies __proto__ as an attribute', () => {
    const context = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1}}') as object;
    const copied = copy(context);
    expect(JSON.stringify(copied)).toBe(JSON.stringify(context));
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype);
  });

  it('accepts any JSON within the limits unchanged, and refuses any beyond them', () => {
    const limit = { maxDepth: 14, depthSize: 'max' } as const;
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(limit), { maxKeys: 120 }), (context) => {
        const fits =
          Object.keys(context).length <= 100 &&
          levelsOf(context) <= 10 &&
          Buffer.byteLength(JSON.stringify(context)) <= 32_768;
        if (fits) expect(copy(context)).toEqual(context);
        else expect(errorOf(() => copy(context)).code).toBe('INVALID_CONTEXT');
      }),
    );
  });

  it('throws no other errors', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
        (context) => {
          try {
            copy(context);
          } catch (error) {
            expect(error).toBeInstanceOf(FlagshipError);
          }
        },
      ),
    );
  });
});

describe('copyContext', () => {
  it('returns a frozen copy that is independent of the original', () => {
    const original = { plan: 'pro', profile: { tags: ['a'], since: new Date(0) } };
    const copy = copyContext(original) as typeof original;
    original.plan = 'free';
    original.profile.tags.push('b');
    original.profile.since.setTime(1);
    expect(copy).toEqual({ plan: 'pro', profile: { tags: ['a'], since: new Date(0) } });
    expect(() => copy.profile.tags.push('c')).toThrow(TypeError);
    expect(Object.isFrozen(copy)).toBe(true);
  });

  it('keeps values that are no plain data', () => {
    const nonJson = { a: NaN, b: 1n, c: () => 1, d: new Map(), e: new Date(NaN) };
    expect(copyContext(nonJson)).toEqual(nonJson);
    expect(freezeContext({ ...nonJson })).toEqual(nonJson);
  });
});

describe('validateContext', () => {
  it.each<[string, unknown]>([
    ['NaN', NaN],
    ['Infinity', -Infinity],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['a function', () => 1],
    ['an invalid date', new Date(NaN)],
  ])('refuses %s on every level', (_, value) => {
    for (const context of [{ invalid: value }, { list: [{ invalid: value }] }])
      expect(errorOf(() => validateContext(context)).message).toMatch(/invalid" is .*JSON cannot carry/);
  });

  it('validates a context again that is not frozen', () => {
    const context: Record<string, unknown> = { plan: 'pro' };
    expect(validateContext(context)).toBe(context);
    context.plan = NaN;
    expect(() => validateContext(context)).toThrow(FlagshipError);
    const frozen = Object.freeze({ plan: 'pro' });
    expect(validateContext(frozen)).toBe(frozen);
    expect(validateContext(frozen)).toBe(frozen);
  });
});

function revive(this: unknown, _name: string, value: unknown): unknown {
  return value === '1970-01-01T00:00:00.000Z' ? new Date(0) : value;
}

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}

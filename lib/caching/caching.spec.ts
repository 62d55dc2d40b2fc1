import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { type FlagType } from '../options';
import { portableContext } from './canonical-context';
import { canonicalContext, copyValue } from '.';
import { cacheKey, MemoryCache } from './memory-cache';

type Context = Record<string, unknown>;

const MEGABYTE = 1_000_000;

/** Everything a context can carry, nested as a body allows. */
const { attributes } = fc.letrec<{ attributes: Context; value: unknown }>((tie) => ({
  attributes: fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), tie('value'), { maxKeys: 4 }),
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('t', 'f', '0', '1', '1;', 's1:a', '[', ']', '{}', 'n1;', ''),
    fc.integer({ min: -2, max: 2 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('attributes'),
  ),
}));

/** What makes two contexts the same: sorted, as JSON; -0 is 0 there too. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.keys(value)
    .sort()
    .map((name) => [name, canonical((value as Context)[name])])
    .concat([['object']]);
}
const sameText = (context: Context) => JSON.stringify(canonical(context));

describe('contextKey', () => {
  it('is the same for the same attributes in any order', () => {
    const shuffled = attributes.chain((context) =>
      fc
        .shuffledSubarray(Object.keys(context), { minLength: Object.keys(context).length })
        .map((names) => [context, Object.fromEntries(names.map((name) => [name, context[name]]))] as const),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(canonicalContext(other)).toBe(canonicalContext(one));
      }),
      { numRuns: 1000 },
    );
  });

  it('tells any two contexts apart that differ', () => {
    fc.assert(
      fc.property(attributes, attributes, (one, other) => {
        expect(canonicalContext(one) === canonicalContext(other)).toBe(sameText(one) === sameText(other));
      }),
      { numRuns: 5000 },
    );
  });

  it('tells contexts apart of which all small ones are listed', () => {
    const leaves = ['', '0', 'a', '1:a', 's1:a', 0, 1, true, false, null, [], {}];
    const values = [
      ...leaves,
      ...leaves.map((leaf) => [leaf]),
      ...leaves.map((leaf) => ({ a: leaf })),
      ...leaves.flatMap((one) => leaves.map((other) => [one, other])),
    ];
    const contexts = [{}, ...values.flatMap((value) => [{ a: value }, { '': value }, { a: 'x', b: value }])];
    expect(new Set(contexts.map(canonicalContext)).size).toBe(new Set(contexts.map(sameText)).size);
  });

  const different: readonly (readonly [string, unknown, unknown])[] = [
    ['a number and its text', 1, '1'],
    ['true and its text', true, 'true'],
    ['null and its text', null, 'null'],
    ['two dates', new Date(1), new Date(2)],
    ['a date and its number', new Date(1), 1],
    ['a list with a hole and a shorter one', Array.from({ length: 2 }).fill(1, 1), [1]],
    // eslint-disable-next-line no-sparse-arrays -- what it is about
    ['a sparse list and a shorter one', [, 1], [1]],
    ['large numbers', 2 ** 53, 2 ** 53 + 2],
  ];
  it.each(different)('tells apart: %s', (_, one, other) => {
    expect(canonicalContext({ value: one })).not.toBe(canonicalContext({ value: other }));
  });

  it('leaves out undefined, as every request does', () => {
    expect(canonicalContext({ a: 1, b: undefined })).toBe(canonicalContext({ a: 1 }));
    expect(canonicalContext({ a: { b: undefined } })).toBe(canonicalContext({ a: {} }));
  });

  it('takes objects of another realm for what they are', () => {
    const foreign = runInNewContext(
      '({ user: { plan: "pro" }, tags: ["a"], since: new Date(5) })',
    ) as Context;
    expect(canonicalContext(foreign)).toBe(
      canonicalContext({ user: { plan: 'pro' }, tags: ['a'], since: new Date(5) }),
    );
  });

  it('comes to an end for contexts that do not', () => {
    const loop: Context = {};
    for (const name of ['a', 'b', 'c', 'd']) loop[name] = loop;
    expect(typeof canonicalContext(loop)).toBe('string');

    const users: Context[] = Array.from({ length: 12 }, (_, id) => ({ id }));
    for (const user of users) user.friends = users;
    expect(typeof canonicalContext({ user: users[0] })).toBe('string');
  });
});

describe('portableContextKey', () => {
  const loop: Context = {};
  loop.self = loop;

  it('is the key of what every process knows', () => {
    fc.assert(
      fc.property(attributes, (context) => expect(portableContext(context)).toBe(canonicalContext(context))),
    );
  });

  it.each<[string, Context]>([
    ['a function', { value: () => 1 }],
    ['an object of a class', { value: new Map() }],
    ['an object of a class, in a list', { value: [1, [new Map()]] }],
    ['a circle', loop],
  ])('is none for what only this process knows: %s', (_, context) => {
    expect(portableContext(context)).toBeUndefined();
    expect(portableContext(context)).toBeUndefined();
    expect(canonicalContext(context)).toBe(canonicalContext(context));
  });
});

describe('MemoryCache', () => {
  const answer = (value: number) => ({
    value,
    variant: undefined,
    reason: 'CACHED' as const,
    notFound: undefined,
  });
  const cacheOf = (maxSize: number) => new MemoryCache(maxSize, MEGABYTE, false);
  const put = (
    cache: MemoryCache,
    context: Context,
    value: number,
    flag = 'a',
    type: FlagType = 'string',
  ) => {
    cache.set(cacheKey(flag, type, context), answer(value), 60_000, 60_000);
  };

  it('keeps no more than its size; the least recently used goes first', () => {
    const cache = cacheOf(3);
    for (const id of ['a', 'b', 'c']) put(cache, { id }, 1);
    cache.get('a', 'string', { id: 'a' });
    put(cache, { id: 'd' }, 1);
    const kept = ['a', 'b', 'c', 'd'].filter((id) => cache.get('a', 'string', { id }) !== undefined);
    expect(kept).toEqual(['a', 'c', 'd']);
  });

  it('tells flags, types and contexts apart', () => {
    const cache = cacheOf(10);
    const questions: [string, FlagType, Context][] = [
      ['a', 'string', {}],
      ['a', 'number', {}],
      ['b', 'string', {}],
      ['a', 'string', { b: 'c' }],
      ['a', 'string', { b: ['c'] }],
      ['a', 'string', { b: canonicalContext({ value: ['c'] }) }],
      ['', 'string', {}],
    ];
    questions.forEach(([flag, type, context], index) => {
      put(cache, context, index, flag, type);
    });
    expect(questions.map(([flag, type, context]) => cache.get(flag, type, context)?.value)).toEqual(
      questions.map((_, index) => index),
    );
  });

  it('finds an answer exactly for the contexts of one key', () => {
    fc.assert(
      fc.property(attributes, attributes, (one, other) => {
        const cache = cacheOf(10);
        put(cache, one, 1);
        const same = canonicalContext(one) === canonicalContext(other);
        expect(cache.get('a', 'string', other) !== undefined).toBe(same);
        expect(cache.get('a', 'string', Object.fromEntries(Object.entries(one).reverse()))).toEqual(
          answer(1),
        );
      }),
      { numRuns: 5000 },
    );
  });

  it('does not give the answer of another question that shares its number', () => {
    const cache = cacheOf(10);
    const { context } = cacheKey('a', 'string', { id: 1 });
    const { hash } = cacheKey('a', 'string', { id: 2 });
    cache.set({ hash, flagKey: 'a', type: 'string', context }, answer(1), 60_000, 60_000);
    expect(cache.get('a', 'string', { id: 2 })).toBeUndefined();
  });

  it('keeps questions whose attributes grow and shrink together apart', () => {
    const count = 10_000;
    const correlated: ((index: number) => Context)[] = [
      (index) => ({ targetingKey: `user-${index}`, age: index % 90, isBeta: index % 2 === 0 }),
      (index) => ({ one: index, other: -index }),
      (index) => ({ one: `a${index}`, other: `b${index}` }),
      (index) => ({ one: `${index}`, other: `${count - index}`, id: index }),
    ];
    for (const context of correlated) {
      const cache = new MemoryCache(count, 100 * MEGABYTE, false);
      for (let index = 0; index < count; index++) put(cache, context(index), index);
      // By chance one in a hundred thousand pairs shares a number.
      expect(cache.size).toBeGreaterThan(count - 10);
    }
  });

  it('remembers the context as it was asked', () => {
    const cache = cacheOf(10);
    const context: Context = { id: 1 };
    const question = cacheKey('a', 'string', context);
    context.id = 2;
    cache.set(question, answer(1), 60_000, 60_000);
    expect(cache.get('a', 'string', { id: 1 })).toEqual(answer(1));
    expect(cache.get('a', 'string', { id: 2 })).toBeUndefined();
  });

  it('takes an answer that is stale already, and knows it for that at once', () => {
    const cache = new MemoryCache(10, MEGABYTE, true);
    const question = cacheKey('a', 'string', {});
    cache.set(question, answer(1), 0, 60_000);
    expect(cache.get('a', 'string', {})).toBeUndefined();
    expect(cache.stale(question, {})).toEqual(answer(1));
  });

  it('forgets all when cleared', () => {
    const cache = cacheOf(3);
    put(cache, {}, 1);
    cache.clear();
    expect(cache.get('a', 'string', {})).toBeUndefined();
  });
});

describe('copyValue', () => {
  it('copies structure deeply and leaves scalars alone', () => {
    const value = { a: [{ b: 1 }], c: null };
    const copy = copyValue(value);
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
    expect(copy.a[0]).not.toBe(value.a[0]);
    expect([copyValue('a'), copyValue(1), copyValue(false), copyValue(null)]).toEqual(['a', 1, false, null]);
  });
});

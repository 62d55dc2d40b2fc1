import fc from 'fast-check';
import { ownCopy } from '.';

class Look {
  constructor(readonly accent: string) {}
}

/** Writes into every plain object and list of a value. */
function scribble(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  for (const member of Object.values(value)) scribble(member, seen);
  if (Array.isArray(value)) value.push('scribbled');
  else (value as Record<string, unknown>).scribbled = true;
}

describe('ownCopy', () => {
  it('is equal, and shares no plain object or list', () => {
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 5, withNullPrototype: true, withSparseArray: true, withDate: true }),
        (value) => {
          const before = ownCopy(value);
          expect(before).toEqual(value);
          scribble(ownCopy(value));
          expect(value).toEqual(before);
        },
      ),
    );
  });

  it.each<[string, unknown]>([
    ['an instance', new Look('teal')],
    ['a map', new Map([['a', 1]])],
    ['a function', () => 1],
    ['a regular expression', /x/],
    ['undefined', undefined],
    ['NaN', NaN],
    ['a symbol', Symbol('s')],
    ['a revoked proxy', revoked()],
  ])('returns %s as it is', (_, value) => {
    expect(ownCopy(value)).toBe(value);
    const holder = ownCopy({ value, list: [value] });
    expect(holder.value).toBe(value);
    expect(holder.list[0]).toBe(value);
  });

  it('keeps undefined members, holes, dates, circular references and shared parts', () => {
    const shared = { n: 1 };
    const value: Record<string, unknown> = { gone: undefined, one: shared, two: shared, since: new Date(5) };
    value.self = value;
    // eslint-disable-next-line no-sparse-arrays -- the hole is tested
    value.list = [, 1];
    const copy = ownCopy(value);
    expect(Object.keys(copy)).toEqual(Object.keys(value));
    expect(copy.self).toBe(copy);
    expect(copy.one).toBe(copy.two);
    expect(copy.one).not.toBe(shared);
    expect(copy.since).toEqual(new Date(5));
    expect(copy.since).not.toBe(value.since);
    expect(0 in (copy.list as unknown[])).toBe(false);
  });

  it('copies structures that are deeper than the stack, and each shared part once', () => {
    let deep: Record<string, unknown> = {};
    for (let level = 0; level < 50_000; level++) deep = { deep };
    expect(ownCopy(deep)).not.toBe(deep);
    let tangle: Record<string, unknown> = { end: 1 };
    for (let level = 0; level < 40; level++) tangle = { a: tangle, b: tangle };
    const copy = ownCopy(tangle);
    expect(copy.a).toBe(copy.b);
    expect(copy.a).not.toBe(tangle.a);
  });

  it('returns an object that cannot be read as it is', () => {
    const broken = {
      get accent(): string {
        throw new Error('no');
      },
    };
    expect(ownCopy(broken)).toBe(broken);
  });

  it('copies __proto__ as a property', () => {
    const value = JSON.parse('{"__proto__":{"admin":true}}') as object;
    const copy = ownCopy(value);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true}}');
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

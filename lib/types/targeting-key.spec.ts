import fc from 'fast-check';
import { toTargetingKey } from './targeting-key';

function idOf(value: unknown): { readonly id: string | undefined; readonly rejected: readonly string[] } {
  const rejected: string[] = [];
  return { id: toTargetingKey(value, (kind) => rejected.push(kind)), rejected };
}

class ObjectId {
  constructor(private readonly hex: string) {}
  toString(): string {
    return this.hex;
  }
  toJSON(): string {
    return this.hex;
  }
}

class Uuid {
  constructor(private readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

class Wrapped {
  constructor(private readonly value: unknown) {}
  valueOf(): unknown {
    return this.value;
  }
}

class MongooseDocument {
  constructor(readonly email: string) {}
  toJSON(): object {
    return { email: this.email };
  }
  toString(): string {
    return `{ email: '${this.email}' }`;
  }
}

class Plain {
  constructor(readonly id: string) {}
}

it.each<[what: string, value: unknown, id: string]>([
  ['text', 'ann', 'ann'],
  ['empty text', '', ''],
  ['a number', 42, '42'],
  ['zero', 0, '0'],
  ['a bigint', 12345678901234567890n, '12345678901234567890'],
  ['an ObjectId', new ObjectId('65f0'), '65f0'],
  ['a UUID of a class', new Uuid('0b7c'), '0b7c'],
  ['a String object', new String('ann'), 'ann'],
  ['a Number object', new Number(7), '7'],
  ['a BigInt object', Object(7n), '7'],
  ['an object whose valueOf is a number', new Wrapped(1.5), '1.5'],
  ['a URL', new URL('https://shop.example/users/7'), 'https://shop.example/users/7'],
  ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
  [
    'an object without a prototype that has a toJSON',
    Object.assign(Object.create(null), { toJSON: () => 'ann' }),
    'ann',
  ],
])('accepts %s', (_, value, id) => {
  expect(idOf(value)).toEqual({ id, rejected: [] });
});

it.each([
  ['undefined', undefined],
  ['null', null],
])('returns undefined for %s without a rejection', (_, value) => {
  expect(idOf(value)).toEqual({ id: undefined, rejected: [] });
});

it.each<[kind: string, value: unknown]>([
  ['a number that is not finite', Number.NaN],
  ['a number that is not finite', Number.POSITIVE_INFINITY],
  ['a boolean', true],
  ['a symbol', Symbol('ann')],
  ['a function', () => 'ann'],
  ['a promise', Promise.resolve('ann')],
  ['a list', ['ann']],
  ['bytes', Buffer.from('ann')],
  ['bytes', new Uint8Array([1, 2])],
  ['an object', { id: 'ann' }],
  ['an object', Object.create(null)],
  ['an object of the class Plain', new Plain('ann')],
  ['an object of the class MongooseDocument', new MongooseDocument('ann@example.com')],
  ['an object of the class Map', new Map([['id', 'ann']])],
  ['an object of the class Date', new Date(Number.NaN)],
  ['an object of the class Number', new Number(Number.NaN)],
  ['an object of the class Boolean', new Boolean(true)],
  ['an object of the class Error', new Error('ann')],
])('rejects %s, reported without its value', (kind, value) => {
  expect(idOf(value)).toEqual({ id: undefined, rejected: [kind] });
});

it('handles the rejection of a promise', async () => {
  const unhandled = jest.fn();
  process.on('unhandledRejection', unhandled);
  try {
    expect(idOf(Promise.reject(new Error('no session'))).rejected).toEqual(['a promise']);
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off('unhandledRejection', unhandled);
  }
});

it('every value is an id, is nothing, or is reported', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }), (value) => {
      const { id, rejected } = idOf(value);
      const isNothing = value === undefined || value === null;
      expect([typeof id === 'string', rejected.length === 1, isNothing].filter(Boolean)).toHaveLength(1);
    }),
  );
});

it('converts equal ids to the same text, and others to different ones', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(idOf(new ObjectId(one)).id === idOf(new ObjectId(other)).id).toBe(one === other);
    }),
  );
});

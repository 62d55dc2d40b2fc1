import fc from 'fast-check';
import { FlagshipErrorCode } from '../errors';
import { readEntityTag, readHeader } from './response-header';
import { retryDelayMs } from './retry-delay';
import { TransientError } from './request-errors';

const failing = (): never => {
  throw new Error('no');
};
const anything = fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true, withSet: true });

describe('readHeader', () => {
  it.each([
    ['undici’s record', { etag: 'a' }, 'a'],
    ['undici’s record, the header repeated', { etag: ['a', 'b'] }, 'a, b'],
    ['Headers', new Headers({ ETag: 'a' }), 'a'],
    [
      'Headers, the header repeated',
      new Headers([
        ['etag', 'a'],
        ['etag', 'b'],
      ]),
      'a, b',
    ],
    ['Headers without it', new Headers(), undefined],
    ['a plain object', { 'X-Other': 'b', ETag: 'a' }, 'a'],
    ['a map', new Map([['etag', 'a']]), 'a'],
    ['blanks around it', { etag: ' \t a \t' }, 'a'],
    ['nothing', {}, undefined],
    ['an empty value', { etag: '' }, undefined],
    ['an empty list', { etag: [] }, undefined],
    ['a number', { etag: 5 }, undefined],
    ['a list with a number', { etag: ['a', 5] }, undefined],
    ['an object', { etag: { toString: () => 'a' } }, undefined],
    ['more than is read', { etag: 'a'.repeat(5000) }, undefined],
    [
      'a getter that throws',
      Object.defineProperty({}, 'etag', { enumerable: true, get: failing }),
      undefined,
    ],
    ['a get that throws', { get: failing }, undefined],
    ['a get that is no function', { get: 'a' }, undefined],
    ['a get that returns a promise', { get: () => Promise.resolve('a') }, undefined],
    ['a proxy that throws', new Proxy({}, { get: failing, ownKeys: failing }), undefined],
    ['an inherited property', Object.create({ etag: 'a' }), undefined],
    ['no headers', undefined, undefined],
    ['null', null, undefined],
    ['text', 'etag: a', undefined],
  ])('reads %s', (_, headers, expected) => {
    expect(readHeader(headers, 'etag')).toBe(expected);
  });

  it('returns text or undefined for any value', () => {
    fc.assert(
      fc.property(
        fc.oneof(anything, fc.record({ etag: anything, get: fc.func(anything) }, { requiredKeys: [] })),
        (headers) => {
          for (const read of [readHeader(headers, 'etag'), readEntityTag(headers)])
            expect(read === undefined || typeof read === 'string').toBe(true);
        },
      ),
    );
  });
});

describe('readEntityTag', () => {
  it.each(['"a"', 'W/"a"', '""', '"a,b"', 'abc-1'])('accepts %s', (etag) => {
    expect(readEntityTag({ etag })).toBe(etag);
  });

  it.each(['"a", "b"', 'a, b', '"a\nb"', '"a\u0100"', '"', 'a b', 'ключ'])('ignores %j', (etag) => {
    expect(readEntityTag({ etag })).toBeUndefined();
  });

  it('returns only a tag that can be sent back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (etag) => {
        const read = readEntityTag({ etag });
        if (read !== undefined)
          expect(new Headers({ 'if-none-match': read }).get('if-none-match')).toBe(read);
      }),
    );
  });
});

describe('Retry-After', () => {
  const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
  beforeEach(() => {
    jest.spyOn(Date, 'now').mockReturnValue(NOW);
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => jest.restoreAllMocks());
  /** Returns the pause for a header: 7 ms for one that is ignored. */
  const pauseFor = (field: unknown): number => {
    const header = readHeader({ 'retry-after': field }, 'retry-after');
    return retryDelayMs(new TransientError('failed', FlagshipErrorCode.GENERAL, header), 7);
  };

  it.each([
    ['5', 5000],
    ['0', 0],
    ['007', 7000],
    ['99999999999999999999', 30_000],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Friday, 02-Jan-26 03:04:15 GMT', 10_000],
    ['Fri Jan  2 03:04:15 2026', 10_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('of %j is %i ms', (field, pause) => {
    expect(pauseFor(field)).toBe(pause);
    expect(pauseFor([field])).toBe(pause);
  });

  it.each([
    ...['5, 5', '1.5', '-5', '+5', '5s', '5 5', '0x5', '5e3', '٥', '２', 'Infinity', 'null', '1/2', '12-31'],
    ...[
      '2026-01-02T03:04:15Z',
      'Fri, 02 Jan 2026 03:04:15 +0100',
      'Fri, 02 Jan 2026 03:04:15',
      '02 Jan 2026',
    ],
    ...['Fri, 32 Jan 2026 03:04:15 GMT', 'Tue, 31 Feb 2026 03:04:15 GMT', 'Fri, 02 Jan 2026 25:04:15 GMT'],
    ['5', '5'],
    ['5', 'Fri, 02 Jan 2026 03:04:15 GMT'],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 'Fri, 02 Jan 2026 03:04:15 GMT'],
    5,
    [5],
    {},
    null,
  ])('of %j is ignored', (field) => {
    expect(pauseFor(field)).toBe(7);
  });

  it('of any value results in a pause that a timer accepts', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.array(fc.string()), fc.date().map(String)), (field) => {
        const pause = pauseFor(field);
        expect(pause >= 0 && pause <= 30_000).toBe(true);
      }),
    );
  });
});

import { type FlagMetadata } from '../types';
import { CompiledDefinitions, flagSetMetadata, mergeMetadata, ownMetadata, readMetadata } from '.';

const entries = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, index]));
/** Metadata of exactly so many bytes as JSON: `{"a":"…"}`. */
const ofBytes = (bytes: number) => ({ a: 'x'.repeat(bytes - 8) });
/** As it arrives from outside: an own property "__proto__" comes from JSON alone. */
const json = (text: string): unknown => JSON.parse(text);

describe('readMetadata', () => {
  it.each([
    ['text, numbers and booleans', { owner: 'team', count: 0, ratio: -2.5, isOld: false, empty: '' }],
    ['32 entries', entries(32)],
    ['names of 1 and of 64 characters', { a: 1, ['n'.repeat(64)]: 2 }],
    ['2048 bytes as JSON', ofBytes(2048)],
    ['names that are members of every object', { toString: 'a', valueOf: 1, hasOwnProperty: true }],
    ['the names that telemetry reads', { flagSetId: 'a', version: 2, contextId: 'c' }],
  ])('accepts %s', (_, given) => {
    const { metadata, problem } = readMetadata(given);
    expect(metadata).toEqual(given);
    expect(metadata).not.toBe(given);
    expect(Object.isFrozen(metadata)).toBe(true);
    expect(problem).toBeUndefined();
  });

  it.each([[undefined], [null], [{}], [{ owner: undefined }]])(
    'takes %p as none, without a problem',
    (given) => {
      expect(readMetadata(given)).toEqual({ metadata: undefined, problem: undefined });
    },
  );

  it.each<[string, unknown, RegExp]>([
    ['text', 'owner', /not an object/],
    ['a list', ['owner'], /not an object/],
    ['a number', 7, /not an object/],
    ['a Map', new Map([['owner', 'team']]), /not an object/],
    ['a date', new Date(0), /not an object/],
    ['false', false, /not an object/],
    ['33 entries', entries(33), /33 entries, more than 32/],
    ['2049 bytes as JSON', ofBytes(2049), /2049 bytes as JSON, more than 2048/],
    ['1025 characters of two bytes', { a: 'é'.repeat(1025) }, /2058 bytes/],
    [
      'an object that cannot be read',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('secret');
          },
        },
      ),
      /^cannot be read$/,
    ],
  ])('drops %s as a whole', (_, given, problem) => {
    expect(readMetadata(given)).toEqual({ metadata: undefined, problem: expect.stringMatching(problem) });
  });

  it.each<[string, unknown]>([
    ['null', { bad: null }],
    ['NaN', { bad: NaN }],
    ['an infinite number', { bad: -Infinity }],
    ['a list', { bad: [] }],
    ['an object', { bad: { a: 1 } }],
    ['a bigint', { bad: 1n }],
    ['a function', { bad: () => 'x' }],
    ['a symbol', { bad: Symbol('x') }],
    ['a boxed text', { bad: new String('x') }],
    ['an empty name', { '': 'x' }],
    ['a name of 65 characters', { ['n'.repeat(65)]: 'x' }],
    ['__proto__', json('{"__proto__":"x"}')],
    ['an object as __proto__', json('{"__proto__":{"polluted":true}}')],
    ['constructor', { constructor: 'x' }],
    ['prototype', { prototype: 'x' }],
  ])('drops an entry that is not accepted and keeps the others: %s', (_, given) => {
    const { metadata, problem } = readMetadata(
      Object.defineProperties({ owner: 'team' }, Object.getOwnPropertyDescriptors(given)),
    );
    expect(metadata).toStrictEqual({ owner: 'team' });
    expect(problem).toMatch(/^has entries whose name or value is not accepted: "/);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(readMetadata(given).metadata).toBeUndefined();
  });

  it('names dropped entries, cut and escaped, and five at most', () => {
    const bad = Object.fromEntries(
      ['a\n\u001b[31m', 'n'.repeat(500), 'c', 'd', 'e', 'f', 'g'].map((name) => [name, null]),
    );
    expect(readMetadata(bad).problem).toBe(
      `has entries whose name or value is not accepted: "a\\n\\u001b[31m", "${'n'.repeat(80)}…", "c", "d", "e" and 2 more`,
    );
  });

  it('reads own entries alone', () => {
    expect(readMetadata(Object.create({ inherited: 'x' }))).toEqual({
      metadata: undefined,
      problem: undefined,
    });
  });
});

describe('the metadata of an app', () => {
  const app = flagSetMetadata('shop', '7')!;

  it('has what is known of app and version', () => {
    expect(app).toEqual({ flagSetId: 'shop', version: '7' });
    expect(flagSetMetadata('shop')).toStrictEqual({ flagSetId: 'shop' });
    expect(flagSetMetadata(undefined, '7')).toStrictEqual({ version: '7' });
    expect(flagSetMetadata(undefined)).toBeUndefined();
  });

  it('gives way to that of a flag, and is found again', () => {
    const flags: (FlagMetadata | undefined)[] = [
      { owner: 'team' },
      { owner: 'team', version: 9 },
      { flagSetId: 'shop', a: 1 },
      undefined,
    ];
    for (const own of flags) {
      const merged = mergeMetadata(app, own);
      expect(merged).toEqual({ ...app, ...own });
      expect(Object.isFrozen(merged)).toBe(true);
      expect(mergeMetadata(app, ownMetadata(app, merged))).toEqual(merged);
    }
    expect(mergeMetadata(undefined, undefined)).toBeUndefined();
  });
});

describe('definitions', () => {
  const flag = { enabled: true, default_variation: 'on', variations: { on: true }, rules: [] };
  const compiled = new CompiledDefinitions(
    Object.entries({
      owned: { ...flag, metadata: { owner: 'team' } },
      plain: flag,
      spoilt: { ...flag, metadata: { owner: 'team', nested: {} } },
      malformed: { ...flag, rules: 7, metadata: { owner: 'team' } },
      partial: { ...flag, default_variation: 'absent', metadata: { owner: 'team' } },
    }),
    'account',
    flagSetMetadata('shop'),
  );

  it('share the metadata of a flag between its resolutions', () => {
    const { metadata } = compiled.evaluate('owned', {});
    expect(metadata).toEqual({ flagSetId: 'shop', owner: 'team' });
    expect(compiled.evaluate('owned', { plan: 'pro' }).metadata).toBe(metadata);
    expect(compiled.evaluate('plain', {}).metadata).toEqual({ flagSetId: 'shop' });
  });

  it('know it where the evaluation fails', () => {
    for (const key of ['owned', 'spoilt', 'malformed', 'partial'])
      expect(compiled.metadataOf(key)).toEqual({ flagSetId: 'shop', owner: 'team' });
    expect(compiled.metadataOf('absent')).toEqual({ flagSetId: 'shop' });
  });

  it('report metadata that is not accepted, which makes no flag malformed', () => {
    expect(compiled.metadataProblems).toEqual([
      { flagKey: 'spoilt', problem: 'has entries whose name or value is not accepted: "nested"' },
    ]);
    expect(compiled.malformed.map(({ flagKey }) => flagKey)).toEqual(['malformed', 'partial']);
    expect(compiled.evaluate('spoilt', {})).toMatchObject({ value: true, reason: 'STATIC' });
  });
});

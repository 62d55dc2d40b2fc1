import { ErrorCode } from '@openfeature/server-sdk';
import { FlagshipServerProvider, type FlagType } from 'nestjs-flagship';
import { bindingWith, defaults, evaluate, types } from '../../fixtures/workers-binding';

/** Returns a promise that rejects with any value, because a binding may do so. */
const rejection = (reason: unknown): Promise<never> =>
  new Promise((_, reject) => {
    (reject as (reason: unknown) => void)(reason);
  });

describe('a Workers binding', () => {
  const detailsOf = (value: unknown) => ({ value, variant: 'on', reason: 'TARGETING_MATCH' });
  const values: readonly (readonly [FlagType, unknown])[] = [
    ['boolean', true],
    ['string', 'text'],
    ['number', 2.5],
    ['object', { a: [1] }],
    ['object', [1, 'two']],
    ['object', null],
  ];

  it('is called with its `this`', async () => {
    class Flags {
      private readonly value = true;
      getBooleanDetails() {
        return Promise.resolve({ value: this.value });
      }
      getStringDetails = () => Promise.reject(new Error());
      getNumberDetails = () => Promise.reject(new Error());
      getObjectDetails = () => Promise.reject(new Error());
    }
    expect(await evaluate(new FlagshipServerProvider({ binding: new Flags() }), 'boolean')).toMatchObject({
      value: true,
    });
  });

  const sent = async (context: unknown) => {
    const { binding, calls } = bindingWith(() => Promise.resolve(detailsOf(true)));
    expect(await evaluate(new FlagshipServerProvider({ binding }), 'boolean', context)).toMatchObject({
      value: true,
    });
    return calls[0];
  };

  it('receives what JSON can carry as it is, dates as ISO 8601, and nothing that is undefined', async () => {
    const since = new Date(5);
    const call = await sent({
      targetingKey: 'u',
      since,
      seats: 12,
      trial: false,
      empty: '',
      nothing: null,
      missing: undefined,
      flagKey: 'other',
      tags: ['beta', 1, null, undefined, since, ['nested']],
      profile: { plan: 'pro', since, missing: undefined, address: { country: null } },
    });
    expect(call?.flagKey).toBe('flag');
    expect(call?.context).toStrictEqual({
      targetingKey: 'u',
      since: '1970-01-01T00:00:00.005Z',
      seats: 12,
      trial: false,
      empty: '',
      nothing: null,
      flagKey: 'other',
      tags: ['beta', 1, null, null, '1970-01-01T00:00:00.005Z', ['nested']],
      profile: { plan: 'pro', since: '1970-01-01T00:00:00.005Z', address: { country: null } },
    });
  });

  it.each([
    ['flat', { plan: 'pro' }],
    ['nested', { profile: { plan: 'pro' }, tags: ['beta'] }],
  ])('receives a copy of a %s context, which it may change', async (_, context) => {
    const original = structuredClone(context);
    const received = (await sent(context))?.context as { plan?: string; profile?: object; tags?: string[] };
    received.plan = 'changed';
    received.tags?.push('changed');
    if (received.profile) Object.assign(received.profile, { plan: 'changed' });
    expect(context).toEqual(original);
  });

  it('receives an attribute named __proto__', async () => {
    const { binding, calls } = bindingWith(() => Promise.resolve(detailsOf(true)));
    await evaluate(new FlagshipServerProvider({ binding }), 'boolean', JSON.parse('{"__proto__":"x","a":1}'));
    expect(Object.entries(calls[0]?.context as object)).toEqual([
      ['__proto__', 'x'],
      ['a', 1],
    ]);
  });

  const circle: Record<string, unknown> = {};
  circle.self = circle;
  class Plan {
    readonly name = 'pro';
  }
  const unusable: readonly (readonly [string, unknown])[] = [
    ['NaN', NaN],
    ['an infinite number', -Infinity],
    ['an invalid date', new Date(NaN)],
    ['a function', () => 1],
    ['a big integer', 10n],
    ['a symbol', Symbol('s')],
    ['a map', new Map()],
    ['an instance of a class', new Plan()],
  ];
  const unsendable: readonly (readonly [string, unknown])[] = [
    ...unusable,
    ...unusable.map(([name, value]) => [`a list with ${name}`, ['beta', value]] as const),
    ...unusable.map(([name, value]) => [`an object with ${name}`, { plan: { value } }] as const),
    ['a circle', circle],
  ];
  it.each(unsendable)('is not called when an attribute is %s', async (_, value) => {
    const { binding, calls } = bindingWith(() => Promise.resolve(detailsOf(true)));
    const details = await evaluate(new FlagshipServerProvider({ binding }), 'boolean', {
      plan: 'pro',
      unsendable: value,
    });
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
    expect(details.errorMessage).toMatch(/"unsendable[.["]/);
    expect(calls).toEqual([]);
  });

  const codes: readonly (readonly [string, string])[] = [
    ['FLAG_NOT_FOUND', 'FLAG_NOT_FOUND'],
    ['PARSE_ERROR', 'PARSE_ERROR'],
    ['TYPE_MISMATCH', 'TYPE_MISMATCH'],
    ['INVALID_CONTEXT', 'INVALID_CONTEXT'],
    ['TARGETING_KEY_MISSING', 'TARGETING_KEY_MISSING'],
    ['GENERAL', 'GENERAL'],
    ['SOMETHING_NEW', 'GENERAL'],
  ];
  it.each(codes)('with the error code %s yields %s', async (errorCode, expected) => {
    for (const extra of [{ value: false }, {}]) {
      const { binding } = bindingWith(() => Promise.resolve({ ...extra, errorCode, errorMessage: 'why' }));
      expect(await evaluate(new FlagshipServerProvider({ binding }), 'string')).toEqual({
        value: 'default',
        reason: 'ERROR',
        errorCode: expected,
        errorMessage: 'why',
      });
    }
  });

  const mismatches = types.flatMap((expectedType) =>
    values
      .filter(([type]) => type !== expectedType)
      .map(([type, value]) => [expectedType, type, value] as const),
  );
  it.each(mismatches)('evaluated as %s yields TYPE_MISMATCH for a %s: %j', async (expectedType, _, value) => {
    const { binding } = bindingWith(() => Promise.resolve(detailsOf(value)));
    expect(await evaluate(new FlagshipServerProvider({ binding }), expectedType)).toMatchObject({
      value: defaults[expectedType],
      errorCode: 'TYPE_MISMATCH',
    });
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const garbage: readonly (readonly [string, () => unknown])[] = [
    ['undefined', () => Promise.resolve(undefined)],
    ['null', () => Promise.resolve(null)],
    ['a bare value', () => Promise.resolve(true)],
    ['an empty object', () => Promise.resolve({})],
    ['an undefined value', () => Promise.resolve({ value: undefined, reason: 'STATIC' })],
    ['a function for a value', () => Promise.resolve(detailsOf(() => 1))],
    ['a big integer for a value', () => Promise.resolve(detailsOf(1n))],
    ['a circle for a value', () => Promise.resolve(detailsOf(circular))],
    ['a symbol for a value', () => Promise.resolve(detailsOf(Symbol('s')))],
    ['a number for a variant', () => Promise.resolve({ value: true, variant: 7 })],
    ['an object for a reason', () => Promise.resolve({ value: true, reason: {} })],
  ];
  const throwing: readonly (readonly [string, () => unknown])[] = [
    [
      'an error thrown',
      () => {
        throw new Error('no binding');
      },
    ],
    ['an error', () => Promise.reject(new Error('no binding'))],
    ['text', () => rejection('no binding')],
    ['nothing', () => rejection(undefined)],
    ['an object that cannot be text', () => rejection(Object.create(null))],
  ];
  const modes = [{}, { logging: true }, { cacheTtl: 60_000 }];
  const each = <T>(rows: readonly (readonly [string, T])[]) =>
    rows.flatMap(([name, row]) => modes.map((mode) => [name, JSON.stringify(mode), row, mode] as const));

  it.each(each(garbage))(
    'that resolves with %s (options: %s) yields PARSE_ERROR',
    async (_, __, answer, options) => {
      const { binding } = bindingWith(answer);
      const provider = new FlagshipServerProvider({ binding, ...options });
      for (const type of types) {
        expect(await evaluate(provider, type)).toMatchObject({
          value: defaults[type],
          errorCode: 'PARSE_ERROR',
        });
      }
    },
  );

  it.each(each(throwing))(
    'that fails with %s (options: %s) yields GENERAL',
    async (_, __, answer, options) => {
      const { binding } = bindingWith(answer);
      const provider = new FlagshipServerProvider({ binding, ...options });
      const details = await evaluate(provider, 'boolean');
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
      expect(typeof details.errorMessage).toBe('string');
    },
  );

  it('yields a copy of the value as JSON', async () => {
    const own = { at: new Date(5), list: [undefined], gone: undefined };
    const { binding } = bindingWith(() => Promise.resolve(detailsOf(own)));
    const { value } = await evaluate(new FlagshipServerProvider({ binding }), 'object');
    expect(value).toStrictEqual({ at: '1970-01-01T00:00:00.005Z', list: [null] });
  });

  it('may return details without a promise', async () => {
    const { binding } = bindingWith(() => detailsOf(true));
    expect(await evaluate(new FlagshipServerProvider({ binding }), 'boolean')).toMatchObject({ value: true });
  });

  it('is not called again while a resolution is cached', async () => {
    const { binding, calls } = bindingWith(() => Promise.resolve(detailsOf({ a: [1] })));
    const provider = new FlagshipServerProvider({ binding, cacheTtl: 60_000 });
    const first = await evaluate(provider, 'object', { targetingKey: 'u' });
    (first.value as { a: number[] }).a.push(2);
    expect(await evaluate(provider, 'object', { targetingKey: 'u' })).toEqual({
      value: { a: [1] },
      variant: 'on',
      reason: 'CACHED',
      flagMetadata: {},
    });
    expect(calls).toHaveLength(1);
    await evaluate(provider, 'object', { targetingKey: 'v' });
    await evaluate(provider, 'string', { targetingKey: 'u' });
    expect(calls).toHaveLength(3);
    await provider.onClose();
    await provider.initialize();
    await evaluate(provider, 'object', { targetingKey: 'u' });
    expect(calls).toHaveLength(4);
  });

  it('is called again after failures and for disabled flags', async () => {
    for (const answer of [
      { value: true, reason: 'DISABLED' },
      { value: false, errorCode: 'GENERAL' },
    ]) {
      const { binding, calls } = bindingWith(() => Promise.resolve(answer));
      const provider = new FlagshipServerProvider({ binding, cacheTtl: 60_000 });
      await evaluate(provider, 'boolean');
      await evaluate(provider, 'boolean');
      expect(calls).toHaveLength(2);
    }
  });

  it('is not called by a closed provider', async () => {
    const { binding, calls } = bindingWith(() => Promise.resolve(detailsOf(true)));
    const provider = new FlagshipServerProvider({ binding });
    await provider.onClose();
    expect(await evaluate(provider, 'boolean')).toMatchObject({ errorCode: ErrorCode.PROVIDER_NOT_READY });
    expect(calls).toEqual([]);
  });
});

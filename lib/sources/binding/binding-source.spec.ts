import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import {
  ErrorCode,
  type EvaluationContext,
  type JsonValue,
  type Logger,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { type FlagshipBinding, type FlagType } from '../../options';
import { FlagshipServerProvider } from '../../provider';

interface Call {
  readonly method: string;
  readonly flagKey: string;
  readonly defaultValue: unknown;
  readonly context: unknown;
}
type AnyProvider = Pick<
  FlagshipServerProvider,
  | 'resolveBooleanEvaluation'
  | 'resolveStringEvaluation'
  | 'resolveNumberEvaluation'
  | 'resolveObjectEvaluation'
  | 'onClose'
>;

const types: readonly FlagType[] = ['boolean', 'string', 'number', 'object'];
const defaults = { boolean: false, string: 'default', number: -1, object: { default: true } };
const silent: Logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };

/** A binding that answers everything with the same, and remembers what it was asked. */
function bindingThat(answer: (call: Call) => unknown): { binding: FlagshipBinding; calls: Call[] } {
  const calls: Call[] = [];
  const method =
    (name: string) =>
    (flagKey: string, defaultValue: unknown, context?: unknown): Promise<never> => {
      const call = { method: name, flagKey, defaultValue, context };
      calls.push(call);
      return answer(call) as Promise<never>;
    };
  const binding = {
    getBooleanDetails: method('getBooleanDetails'),
    getStringDetails: method('getStringDetails'),
    getNumberDetails: method('getNumberDetails'),
    getObjectDetails: method('getObjectDetails'),
  };
  return { binding, calls };
}

/** A binding may reject with anything. */
const rejection = (reason: unknown): Promise<never> =>
  new Promise((_, reject) => {
    (reject as (reason: unknown) => void)(reason);
  });

function ask(
  provider: AnyProvider,
  type: FlagType,
  context: unknown = {},
  logger: Logger = silent,
): Promise<ResolutionDetails<unknown>> {
  const given = context as EvaluationContext;
  switch (type) {
    case 'boolean':
      return provider.resolveBooleanEvaluation('flag', defaults.boolean, given, logger);
    case 'string':
      return provider.resolveStringEvaluation('flag', defaults.string, given, logger);
    case 'number':
      return provider.resolveNumberEvaluation('flag', defaults.number, given, logger);
    case 'object':
      return provider.resolveObjectEvaluation<JsonValue>('flag', defaults.object, given, logger);
  }
}

describe('a Workers binding', () => {
  const found = (value: unknown) => ({ value, variant: 'on', reason: 'TARGETING_MATCH' });
  const values: readonly (readonly [FlagType, string, unknown])[] = [
    ['boolean', 'getBooleanDetails', true],
    ['string', 'getStringDetails', 'text'],
    ['number', 'getNumberDetails', 2.5],
    ['object', 'getObjectDetails', { a: [1] }],
    ['object', 'getObjectDetails', [1, 'two']],
    ['object', 'getObjectDetails', null],
  ];

  it.each(values)('is asked for a %s by %s', async (type, method, value) => {
    const { binding, calls } = bindingThat(() => Promise.resolve(found(value)));
    const provider = new FlagshipServerProvider({ binding });
    await provider.initialize();
    expect(await ask(provider, type, { plan: 'pro' })).toEqual({
      value,
      variant: 'on',
      reason: 'TARGETING_MATCH',
      flagMetadata: {},
    });
    expect(calls).toEqual([
      { method, flagKey: 'flag', defaultValue: defaults[type], context: { plan: 'pro' } },
    ]);
    expect(await provider.refresh()).toBe(true);
    await provider.onClose();
  });

  it('keeps its `this`', async () => {
    class Flags {
      private readonly value = true;
      getBooleanDetails() {
        return Promise.resolve({ value: this.value });
      }
      getStringDetails = () => Promise.reject(new Error());
      getNumberDetails = () => Promise.reject(new Error());
      getObjectDetails = () => Promise.reject(new Error());
    }
    expect(await ask(new FlagshipServerProvider({ binding: new Flags() }), 'boolean')).toMatchObject({
      value: true,
    });
  });

  it('gets dates as ISO 8601, scalars as they are, and neither null nor undefined', async () => {
    const { binding, calls } = bindingThat(() => Promise.resolve(found(true)));
    const context = {
      targetingKey: 'u',
      since: new Date(5),
      seats: 12,
      trial: false,
      empty: '',
      nothing: null,
      missing: undefined,
      flagKey: 'other',
    };
    await ask(new FlagshipServerProvider({ binding }), 'boolean', context);
    expect(calls[0]?.flagKey).toBe('flag');
    expect(calls[0]?.context).toStrictEqual({
      targetingKey: 'u',
      since: '1970-01-01T00:00:00.005Z',
      seats: 12,
      trial: false,
      empty: '',
      flagKey: 'other',
    });
  });

  it('gets an attribute called __proto__ like any other', async () => {
    const { binding, calls } = bindingThat(() => Promise.resolve(found(true)));
    await ask(new FlagshipServerProvider({ binding }), 'boolean', JSON.parse('{"__proto__":"x","a":1}'));
    expect(Object.entries(calls[0]?.context as object)).toEqual([
      ['__proto__', 'x'],
      ['a', 1],
    ]);
  });

  const unsendable: readonly (readonly [string, unknown])[] = [
    ['an object', { a: 1 }],
    ['a list', ['a']],
    ['an invalid date', new Date(NaN)],
    ['a function', () => 1],
    ['a big integer', 10n],
    ['a symbol', Symbol('s')],
    ['a map', new Map()],
  ];
  it.each(unsendable)('is not asked when an attribute is %s', async (_, value) => {
    const { binding, calls } = bindingThat(() => Promise.resolve(found(true)));
    const details = await ask(new FlagshipServerProvider({ binding }), 'boolean', {
      plan: 'pro',
      oddity: value,
    });
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
    expect(details.errorMessage).toContain('"oddity"');
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
  it.each(codes)('that answers %s gives %s', async (errorCode, expected) => {
    for (const extra of [{ value: false }, {}]) {
      const { binding } = bindingThat(() => Promise.resolve({ ...extra, errorCode, errorMessage: 'why' }));
      expect(await ask(new FlagshipServerProvider({ binding }), 'string')).toEqual({
        value: 'default',
        reason: 'ERROR',
        errorCode: expected,
        errorMessage: 'why',
      });
    }
  });

  it.each(types)('leaves a disabled %s at the caller’s default', async (type) => {
    const { binding } = bindingThat(() =>
      Promise.resolve({ value: 'whatever', variant: 'off', reason: 'DISABLED' }),
    );
    expect(await ask(new FlagshipServerProvider({ binding }), type)).toEqual({
      value: defaults[type],
      reason: 'DISABLED',
      flagMetadata: {},
    });
  });

  const mismatches = types.flatMap((asked) =>
    values.filter(([type]) => type !== asked).map(([type, , value]) => [asked, type, value] as const),
  );
  it.each(mismatches)('asked for a %s that is a %s: %j', async (asked, _, value) => {
    const { binding } = bindingThat(() => Promise.resolve(found(value)));
    expect(await ask(new FlagshipServerProvider({ binding }), asked)).toMatchObject({
      value: defaults[asked],
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
    ['a function for a value', () => Promise.resolve(found(() => 1))],
    ['a big integer for a value', () => Promise.resolve(found(1n))],
    ['a circle for a value', () => Promise.resolve(found(circular))],
    ['a symbol for a value', () => Promise.resolve(found(Symbol('s')))],
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
    'that answers %s (options: %s) gives PARSE_ERROR',
    async (_, __, answer, options) => {
      const { binding } = bindingThat(answer);
      const provider = new FlagshipServerProvider({ binding, ...options });
      for (const type of types) {
        expect(await ask(provider, type)).toMatchObject({ value: defaults[type], errorCode: 'PARSE_ERROR' });
      }
    },
  );

  it.each(each(throwing))(
    'that fails with %s (options: %s) gives GENERAL',
    async (_, __, answer, options) => {
      const { binding } = bindingThat(answer);
      const provider = new FlagshipServerProvider({ binding, ...options });
      const details = await ask(provider, 'boolean');
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
      expect(typeof details.errorMessage).toBe('string');
    },
  );

  it('hands out values as JSON has them, and never its own', async () => {
    const own = { at: new Date(5), list: [undefined], gone: undefined };
    const { binding } = bindingThat(() => Promise.resolve(found(own)));
    const { value } = await ask(new FlagshipServerProvider({ binding }), 'object');
    expect(value).toStrictEqual({ at: '1970-01-01T00:00:00.005Z', list: [null] });
  });

  it('may answer at once instead of with a promise', async () => {
    const { binding } = bindingThat(() => found(true));
    expect(await ask(new FlagshipServerProvider({ binding }), 'boolean')).toMatchObject({ value: true });
  });

  it('is not asked again while an answer is cached', async () => {
    const { binding, calls } = bindingThat(() => Promise.resolve(found({ a: [1] })));
    const provider = new FlagshipServerProvider({ binding, cacheTtl: 60_000 });
    const first = await ask(provider, 'object', { targetingKey: 'u' });
    (first.value as { a: number[] }).a.push(2);
    expect(await ask(provider, 'object', { targetingKey: 'u' })).toEqual({
      value: { a: [1] },
      variant: 'on',
      reason: 'CACHED',
      flagMetadata: {},
    });
    expect(calls).toHaveLength(1);
    await ask(provider, 'object', { targetingKey: 'v' });
    await ask(provider, 'string', { targetingKey: 'u' });
    expect(calls).toHaveLength(3);
    await provider.onClose();
    await provider.initialize();
    await ask(provider, 'object', { targetingKey: 'u' });
    expect(calls).toHaveLength(4);
  });

  it('is asked again after failures and for disabled flags', async () => {
    for (const answer of [
      { value: true, reason: 'DISABLED' },
      { value: false, errorCode: 'GENERAL' },
    ]) {
      const { binding, calls } = bindingThat(() => Promise.resolve(answer));
      const provider = new FlagshipServerProvider({ binding, cacheTtl: 60_000 });
      await ask(provider, 'boolean');
      await ask(provider, 'boolean');
      expect(calls).toHaveLength(2);
    }
  });

  it('is not asked by a closed provider', async () => {
    const { binding, calls } = bindingThat(() => Promise.resolve(found(true)));
    const provider = new FlagshipServerProvider({ binding });
    await provider.onClose();
    expect(await ask(provider, 'boolean')).toMatchObject({ errorCode: ErrorCode.PROVIDER_NOT_READY });
    expect(calls).toEqual([]);
  });
});

describe('a Workers binding, beside @cloudflare/flagship 0.4.2', () => {
  const answers: readonly (readonly [string, unknown])[] = [
    ...[true, false, 'text', '', 0, 2.5, null, {}, { a: [1] }, []].flatMap((value) =>
      ['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT', 'DISABLED'].map(
        (reason) => [`${JSON.stringify(value)}, ${reason}`, { value, variant: 'v', reason }] as const,
      ),
    ),
    ['a value alone', { value: true }],
    ['no reason', { value: true, variant: 'on' }],
    ...['FLAG_NOT_FOUND', 'PARSE_ERROR', 'TYPE_MISMATCH', 'INVALID_CONTEXT', 'GENERAL', 'NEW'].flatMap(
      (errorCode) => [
        [errorCode, { value: false, errorCode }] as const,
        [
          `${errorCode} with its reason`,
          { value: false, reason: 'ERROR', errorCode, errorMessage: 'why' },
        ] as const,
      ],
    ),
  ];
  const contexts: readonly (readonly [string, unknown])[] = [
    ['no attribute', {}],
    ['scalars', { targetingKey: 'u', seats: 1, trial: false, empty: '' }],
    ['a date', { since: new Date(5) }],
    ['null and undefined', { a: null, b: undefined, c: 'c' }],
    ['odd names', { flagKey: 'x', constructor: 'y', '': 'z' }],
    ['odd numbers', { a: -0, b: Number.MAX_VALUE, c: 5e-324 }],
  ];

  async function outcome(
    create: (binding: FlagshipBinding) => AnyProvider,
    answer: () => unknown,
    context: unknown,
  ) {
    const { binding, calls } = bindingThat(answer);
    const provider = create(binding);
    const results = [];
    for (const type of types) {
      const { value, variant, reason, errorCode } = await ask(provider, type, context);
      results.push({ value, variant, reason, errorCode });
    }
    await provider.onClose();
    return { results, calls };
  }
  async function expectSame(answer: () => unknown, context: unknown, options = {}): Promise<void> {
    const ours = await outcome(
      (binding) => new FlagshipServerProvider({ binding, ...options }),
      answer,
      context,
    );
    const theirs = await outcome((binding) => new VendorProvider({ binding, ...options }), answer, context);
    expect(ours).toEqual(theirs);
  }

  it.each(answers)('reads the same out of %s', async (_, answer) => {
    await expectSame(() => Promise.resolve(answer), { targetingKey: 'u' });
    await expectSame(() => Promise.resolve(answer), { targetingKey: 'u' }, { cacheTtl: 60_000 });
  });

  it.each(contexts)('sends the same for %s', async (_, context) => {
    await expectSame(() => Promise.resolve({ value: true }), context);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('answers the same when it %s', async (_, answer) => {
    await expectSame(answer, {});
  });

  it.each([
    ['structure: theirs leaves it out and evaluates for another user', { tags: ['beta'] }, {}],
    ['numbers that JSON cannot carry', { a: NaN, b: -Infinity }, { a: NaN, b: -Infinity }],
  ])('differs, knowingly, on %s', async (_, context, sent) => {
    const answer = () => Promise.resolve({ value: true });
    const ours = await outcome((binding) => new FlagshipServerProvider({ binding }), answer, context);
    const theirs = await outcome((binding) => new VendorProvider({ binding }), answer, context);
    expect(ours.calls).toEqual([]);
    expect(ours.results[0]).toMatchObject({ value: false, errorCode: 'INVALID_CONTEXT' });
    expect(theirs.results[0]).toMatchObject({ value: true });
    expect(theirs.calls[0]?.context).toEqual(sent);
  });
});

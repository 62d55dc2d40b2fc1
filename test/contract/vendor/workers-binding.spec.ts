import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { type FlagshipBinding, FlagshipServerProvider } from 'nestjs-flagship';
import { type AnyProvider, bindingWith, evaluate, types } from '../../fixtures/workers-binding';

describe('a Workers binding, compared with @cloudflare/flagship 0.4.2', () => {
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
    ['undefined', { b: undefined, c: 'c' }],
    ['odd names', { flagKey: 'x', constructor: 'y', '': 'z' }],
    ['odd numbers', { b: Number.MAX_VALUE, c: 5e-324 }],
  ];

  async function outcome(
    create: (binding: FlagshipBinding) => AnyProvider,
    answer: () => unknown,
    context: unknown,
  ) {
    const { binding, calls } = bindingWith(answer);
    const provider = create(binding);
    const results = [];
    for (const type of types) {
      const { value, variant, reason, errorCode } = await evaluate(provider, type, context);
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

  it.each(answers)('yields the same for %s', async (_, answer) => {
    await expectSame(() => Promise.resolve(answer), { targetingKey: 'u' });
    await expectSame(() => Promise.resolve(answer), { targetingKey: 'u' }, { cacheTtl: 60_000 });
  });

  it.each(contexts)('receives the same for %s', async (_, context) => {
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
  ])('yields the same when it %s', async (_, answer) => {
    await expectSame(answer, {});
  });

  const outcomes = async (context: object) => {
    const answer = () => Promise.resolve({ value: true });
    const ours = await outcome((binding) => new FlagshipServerProvider({ binding }), answer, context);
    const theirs = await outcome((binding) => new VendorProvider({ binding }), answer, context);
    return { ours, theirs };
  };

  it('receives objects, lists and null, which the vendor omits, so that it evaluates for another user', async () => {
    const context = { tags: ['beta'], profile: { plan: 'pro' }, nothing: null };
    const { ours, theirs } = await outcomes(context);
    expect(ours.calls[0]?.context).toEqual(context);
    expect(theirs.calls[0]?.context).toEqual({});
  });

  it('receives -0 as JSON writes it, which the vendor passes on; both read as the text "0"', async () => {
    const { ours, theirs } = await outcomes({ a: -0 });
    expect(ours.calls[0]?.context).toEqual({ a: 0 });
    expect(theirs.calls[0]?.context).toEqual({ a: -0 });
  });

  it('is not called with numbers that JSON cannot carry, which the vendor passes on', async () => {
    const context = { a: NaN, b: -Infinity };
    const { ours, theirs } = await outcomes(context);
    expect(ours.calls).toEqual([]);
    expect(ours.results[0]).toMatchObject({ value: false, errorCode: 'INVALID_CONTEXT' });
    expect(theirs.results[0]).toMatchObject({ value: true });
    expect(theirs.calls[0]?.context).toEqual(context);
  });
});

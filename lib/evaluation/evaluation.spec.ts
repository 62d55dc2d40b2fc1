import fc from 'fast-check';
import vectors from '../../test/fixtures/evaluation-vectors.json';
import { FlagshipError } from '../errors';
import { compileFlag, murmur3, normalizeFlags, CompiledDefinitions } from '.';
import { bucketOf, rolloutSeed } from './rollout';

const account = vectors.accountId;
const evaluate = (flag: unknown, context: object) =>
  compileFlag('flag', flag, account).evaluate(context as Record<string, unknown>);
const errorOf = (run: () => unknown): FlagshipError => {
  try {
    run();
  } catch (error) {
    if (error instanceof FlagshipError) return error;
  }
  throw new Error('expected a FlagshipError');
};
const flagWith = (condition: object, extra: object = {}) => ({
  key: 'flag',
  enabled: true,
  default_variation: 'off',
  variations: { on: true, off: false },
  rules: [{ conditions: [condition], serve_variation: 'on', ...extra }],
});

describe('the golden vectors', () => {
  it('holds 80 cases and 7 hashes', () => {
    expect(vectors.cases).toHaveLength(80);
    expect(vectors.murmur3).toHaveLength(7);
  });

  it.each(vectors.murmur3.map((c) => [c.input.slice(0, 20), c] as const))('hashes %s', (_, hash) => {
    expect(murmur3(hash.input, hash.seed)).toBe(hash.expected);
  });

  it.each(vectors.cases.map((c) => [c.name, c] as const))('%s', (_, { flag, context, expected }) => {
    if ('error' in expected) {
      expect(errorOf(() => evaluate(flag, context)).code).toBe(expected.error);
    } else if ('reasonOneOf' in expected) {
      const seen = new Set(Array.from({ length: 200 }, () => evaluate(flag, context).reason));
      expect([...seen].sort()).toEqual([...(expected.reasonOneOf ?? [])].sort());
    } else {
      expect(evaluate(flag, context)).toEqual(expected);
    }
  });
});

describe('own keys only', () => {
  const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

  it.each(inherited)('%s is no flag', (key) => {
    const definitions = new CompiledDefinitions(normalizeFlags({ flags: { real: true } }), account);
    expect(errorOf(() => definitions.evaluate(key, {})).code).toBe('FLAG_NOT_FOUND');
  });

  it.each(inherited)('%s is no attribute', (attribute) => {
    const flag = flagWith({ attribute, operator: 'not_equals', value: 'x' });
    expect(evaluate(flag, {}).reason).toBe('DEFAULT');
    const path = flagWith({ attribute: `user.${attribute}`, operator: 'not_equals', value: 'x' });
    expect(evaluate(path, { user: {} }).reason).toBe('DEFAULT');
  });

  it.each(inherited)('%s is no variation', (variation) => {
    const flag = { ...flagWith({}), rules: [], default_variation: variation };
    expect(errorOf(() => evaluate(flag, {})).code).toBe('PARSE_ERROR');
  });

  it('finds them if they are own keys', () => {
    const flags = JSON.parse('{ "flags": { "__proto__": true } }') as object;
    expect(new CompiledDefinitions(normalizeFlags(flags), account).evaluate('__proto__', {}).value).toBe(
      true,
    );
  });
});

describe('values that are sent as other ones', () => {
  it('compares a date as its ISO text', () => {
    const flag = flagWith({ attribute: 'born', operator: 'equals', value: '2020-01-02T03:04:05.000Z' });
    expect(evaluate(flag, { born: new Date('2020-01-02T03:04:05Z') }).variant).toBe('on');
  });

  it('finds a date among the members of a list', () => {
    const flag = flagWith({ attribute: 'days', operator: 'has', value: '2020-01-02T03:04:05.000Z' });
    expect(evaluate(flag, { days: [new Date('2020-01-02T03:04:05Z')] }).variant).toBe('on');
  });

  it('compares dates as dates across offsets, and other text as numbers', () => {
    const flag = flagWith({ attribute: 'at', operator: 'less_than', value: '2030-01-01T00:00:00+02:00' });
    expect(evaluate(flag, { at: '2029-12-31T21:59:59Z' }).variant).toBe('on');
    expect(evaluate(flag, { at: '2029-12-31T22:00:01Z' }).variant).toBe('off');
    expect(evaluate(flag, { at: 'soon' }).variant).toBe('off');
  });

  it('evaluates an unknown operator to false', () => {
    expect(evaluate(flagWith({ attribute: 'a', operator: 'matches', value: 'x' }), { a: 'x' }).variant).toBe(
      'off',
    );
  });
});

describe('malformed flags', () => {
  const good = flagWith({ attribute: 'a', operator: 'equals', value: 'x' });
  const malformed: [string, unknown, string][] = [
    ['no object', 'x', 'flag'],
    ['no variations', { ...good, variations: undefined }, 'flag.variations'],
    ['rules that are no list', { ...good, rules: {} }, 'flag.rules'],
    ['no enabled', { ...good, enabled: 'yes' }, 'flag.enabled'],
    ['a rule that is no object', { ...good, rules: [3] }, 'flag.rules[0]'],
    ['no conditions', { ...good, rules: [{ serve_variation: 'on' }] }, 'flag.rules[0].conditions'],
    [
      'a condition without attribute',
      flagWith({ operator: 'equals' }),
      'flag.rules[0].conditions[0].attribute',
    ],
    [
      'a rollout of text',
      flagWith({ attribute: 'a' }, { rollout: { percentage: '5' } }),
      'flag.rules[0].rollout.percentage',
    ],
    [
      'an unknown logic',
      flagWith({ logical_operator: 'XOR', clauses: [] }),
      'flag.rules[0].conditions[0].logical_operator',
    ],
  ];

  it.each(malformed)('%s: the message has the path', (_, flag, path) => {
    const error = errorOf(() => evaluate(flag, {}));
    expect(error.code).toBe('PARSE_ERROR');
    expect(error.message.startsWith(`${path}: `)).toBe(true);
  });

  it('leave other flags usable', () => {
    const definitions = new CompiledDefinitions(
      [
        ['bad', { variations: 3 }],
        ['good', good],
      ],
      account,
    );
    expect(definitions.malformed.map((problem) => problem.path)).toEqual(['bad.variations']);
    expect(definitions.keys).toEqual(['bad', 'good']);
    expect(errorOf(() => definitions.evaluate('bad', {})).code).toBe('PARSE_ERROR');
    expect(definitions.evaluate('good', { a: 'x' }).value).toBe(true);
  });

  it('are bounded in depth', () => {
    let condition: object = { attribute: 'a', operator: 'equals', value: 'x' };
    for (let depth = 0; depth < 5000; depth++) condition = { logical_operator: 'AND', clauses: [condition] };
    expect(errorOf(() => evaluate(flagWith(condition), {})).code).toBe('PARSE_ERROR');
  });
});

describe('the content of a flags file', () => {
  const evaluateFile = (input: unknown, key: string) =>
    new CompiledDefinitions(normalizeFlags(input), account).evaluate(key, {});

  it('can be bare values, with and without "flags"', () => {
    expect(evaluateFile({ flags: { on: true } }, 'on')).toEqual({
      value: true,
      variant: 'on',
      reason: 'STATIC',
    });
    expect(evaluateFile({ off: false }, 'off')).toEqual({ value: false, variant: 'off', reason: 'STATIC' });
    expect(evaluateFile({ limit: 20 }, 'limit')).toEqual({ value: 20, variant: 'default', reason: 'STATIC' });
    expect(evaluateFile({ look: { enabled: true } }, 'look').value).toEqual({ enabled: true });
    expect(evaluateFile({ nothing: null }, 'nothing').value).toBeNull();
  });

  it.each([[[]], ['text'], [null], [{ flags: 3 }], [{ flags: [] }]])('refuses %j as a whole', (input) => {
    expect(errorOf(() => normalizeFlags(input)).code).toBe('PARSE_ERROR');
  });
});

describe('a rollout', () => {
  const rollout = (percentage: number) => ({
    ...flagWith({}),
    rules: [{ conditions: [], serve_variation: 'on', rollout: { percentage } }],
  });

  it('keeps every included subject when the percentage grows', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (subject, a, b) => {
          const context = { targetingKey: subject };
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          return (
            evaluate(rollout(low), context).value !== true || evaluate(rollout(high), context).value === true
          );
        },
      ),
    );
  });

  it('depends on no other attribute', () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()), (subject, others) => {
        const flag = rollout(50);
        return (
          evaluate(flag, { ...others, targetingKey: subject }).variant ===
          evaluate(flag, { targetingKey: subject }).variant
        );
      }),
    );
  });

  it('spreads subjects evenly', () => {
    const seed = rolloutSeed(account, 'flag');
    const inQuarter = Array.from({ length: 10_000 }, (_, i) => bucketOf(`user-${i}`, seed)).filter(
      (b) => b < 25,
    );
    expect(inQuarter.length).toBeGreaterThan(2300);
    expect(inQuarter.length).toBeLessThan(2700);
  });

  it('hashes every text as UTF-8, lone surrogates as U+FFFD', () => {
    expect(murmur3('\ud800', 1)).toBe(murmur3('\ufffd', 1));
    // Computed with another implementation. Both are longer than the scratch buffer.
    expect(murmur3('é'.repeat(2000), 0)).toBe(1_465_385_864);
    expect(murmur3(`${'é'.repeat(2000)}abc`, 7)).toBe(2_811_107_051);
  });
});

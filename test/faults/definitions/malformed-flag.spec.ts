import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';
import { waitUntil } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { type ProcessWatch, watchProcess } from '../../fixtures/process-watch';
import { type ScriptedServer, startScriptedServer } from '../../fixtures/scripted-server';

const deep = (levels: number, open: string, inner: string, close: string): string =>
  open.repeat(levels) + inner + close.repeat(levels);

/** JSON that JavaScript stumbles over where it is converted, copied, compared or written. */
const HOSTILE = [
  '{"toString":1,"valueOf":1}',
  '{"toString":{},"valueOf":null}',
  '{"toJSON":1}',
  '{"then":{}}',
  '{"__proto__":{"length":1}}',
  '{"constructor":1,"hasOwnProperty":1}',
  '{"length":4294967295}',
  deep(20_000, '[', '', ']'),
  deep(6000, '[', '{"toString":1}', ']'),
  deep(20_000, '{"a":', '1', '}'),
  deep(3000, '{"logical_operator":"AND","clauses":[', '', ']}'),
  '1e999',
  '-1e999',
  '12345678901234567890123',
  '"\\ud800"',
  '"\\u001b[31m\\n"',
  `"${'x'.repeat(100_000)}"`,
  '[[[]],{},null]',
  'null',
  '[]',
  '{}',
];
const KEYS = ['__proto__', 'constructor', 'toString', 'then', 'flags', '', 'a\nb', 'x'.repeat(5000), 'bad'];

const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.json());
const key = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.string().filter((text) => !text.startsWith('good')),
);
const operator = fc.constantFrom('equals', 'not_equals', 'contains', 'in', 'not_in', 'has', 'greater_than');

/** A definition in which one part is hostile; "here" is where. */
const TEMPLATES = [
  'here',
  '{"enabled":here,"default_variation":"a","variations":{"a":1},"rules":[]}',
  '{"enabled":true,"default_variation":here,"variations":{"a":1},"rules":[]}',
  '{"enabled":true,"default_variation":"a","variations":here,"rules":[]}',
  '{"enabled":true,"default_variation":"a","variations":{"a":here},"rules":[]}',
  '{"enabled":true,"default_variation":"a","variations":{"a":1,"b":here},"rules":[]}',
  '{"enabled":true,"default_variation":"a","variations":{"a":1},"rules":here}',
  '{"enabled":true,"default_variation":"a","variations":{"a":1},"rules":[here]}',
  '{"enabled":true,"default_variation":"a","variations":{"a":1},"rules":[],"description":here}',
  '{"key":here,"enabled":true,"default_variation":"a","variations":{"a":1},"rules":[]}',
  ruled('"conditions":here,"serve_variation":"a"'),
  ruled('"conditions":[here],"serve_variation":"a"'),
  ruled('"conditions":[],"serve_variation":here'),
  ruled('"conditions":[],"serve_variation":"a","rollout":here'),
  ruled('"conditions":[],"serve_variation":"a","rollout":{"percentage":here}'),
  ruled('"conditions":[],"serve_variation":"a","rollout":{"percentage":5,"attribute":here}'),
  ruled('"conditions":[],"serve_variation":"a","note":here'),
  condition('here', '"equals"', '1'),
  condition('"plan"', 'here', '1'),
  ...['equals', 'in', 'not_in', 'has', 'contains', 'less_than'].flatMap((name) => [
    condition('"plan"', `"${name}"`, 'here'),
    condition('"plan"', `"${name}"`, '["a",here]'),
  ]),
];
function ruled(rule: string): string {
  return `{"enabled":true,"default_variation":"a","variations":{"a":1},"rules":[{${rule}}]}`;
}
function condition(attribute: string, name: string, value: string): string {
  return ruled(
    `"conditions":[{"attribute":${attribute},"operator":${name},"value":${value}}],"serve_variation":"a"`,
  );
}

const broken = fc
  .tuple(fc.constantFrom(...TEMPLATES), hostile)
  .map(([template, part]) => template.replaceAll('here', () => part));
const intact = fc.record({
  enabled: fc.boolean(),
  default_variation: fc.constantFrom('on', 'off'),
  variations: fc.record({ on: fc.constant('on'), off: fc.constant('off') }),
  rules: fc.array(
    fc.record({
      conditions: fc.array(
        fc.record({
          attribute: fc.constantFrom('plan', 'age'),
          operator,
          value: fc.jsonValue({ maxDepth: 1 }),
        }),
        { maxLength: 2 },
      ),
      serve_variation: fc.constantFrom('on', 'off'),
    }),
    { maxLength: 2 },
  ),
});
const payload = fc.record({
  intact: fc.array(intact, { minLength: 1, maxLength: 3 }),
  broken: fc.array(fc.tuple(key, broken), { minLength: 1, maxLength: 4 }),
  brokenFirst: fc.boolean(),
});

jest.setTimeout(180_000);

const CONTEXT = { targetingKey: 'u', plan: 'pro', age: 30 };
const local: FlagshipProviderOptions = {
  accountId: 'local',
  localEvaluation: true,
  refreshInterval: 3_600_000,
  retries: 0,
};

let folder: string;
let file: string;
let server: ScriptedServer;
let flagship: LocalFlagship;
let sources: Record<string, FlagshipServerProvider>;
let watch: ProcessWatch;
const lines = useLog();
let edits = 0;

beforeAll(async () => {
  watch = watchProcess();
  folder = mkdtempSync(join(tmpdir(), 'flags-'));
  file = join(folder, 'flags.json');
  writeFileSync(file, '{"marker":0}');
  server = await startScriptedServer({ body: { flags: {} } });
  flagship = await startLocalFlagship({ flags: file, report: (problem) => void lines.push(problem) });
  const { url: baseUrl, accountId, appId } = flagship;
  const names = { baseUrl, accountId, appId };
  sources = {
    downloaded: new FlagshipServerProvider({ ...local, endpoint: `${server.url}/evaluate` }),
    'of a file': new FlagshipServerProvider({ definitions: file }),
    'asked of the local Flagship': new FlagshipServerProvider({ ...names, retries: 0 }),
    'downloaded from the local Flagship': new FlagshipServerProvider({ ...local, ...names }),
  };
  for (const source of Object.values(sources)) await source.initialize();
});
afterAll(async () => {
  for (const source of Object.values(sources)) await source.onClose();
  await flagship.close();
  await server.close();
  rmSync(folder, { recursive: true });
  watch.stop();
});

const answerOf = async (source: FlagshipServerProvider, flagKey: string) => {
  const { value, reason, errorCode } = await source.resolveStringEvaluation(flagKey, 'mine', CONTEXT);
  return [value, reason, errorCode];
};
const isMarked = async (source: FlagshipServerProvider): Promise<boolean> =>
  (await source.resolveNumberEvaluation('marker', -1, {})).value === edits;

/** Puts a payload before every source; resolves when it is in force. */
async function serve(members: readonly string[]): Promise<void> {
  const text = `{"flags":{${[...members, `"marker":{"enabled":true,"default_variation":"a","variations":{"a":${++edits}},"rules":[]}`].join(',')}}}`;
  server.script((response) => void response.writeHead(200).end(text));
  writeFileSync(file, text);
  expect(await sources.downloaded!.refresh()).toBe(true);
  for (const name of ['of a file', 'asked of the local Flagship'])
    await waitUntil(() => isMarked(sources[name]!), `the edit is in force (${name})`, 60_000);
  expect(await sources['downloaded from the local Flagship']!.refresh()).toBe(true);
}

describe('a malformed flag', () => {
  it('leaves every intact flag as it is alone, wherever the flags come from', async () => {
    await fc.assert(
      fc.asyncProperty(payload, async (given) => {
        const good = given.intact.map((flag, index) => [`good-${index}`, flag] as const);
        const members = good.map(([name, flag]) => `${JSON.stringify(name)}:${JSON.stringify(flag)}`);
        const bad = given.broken.map(([name, text]) => `${JSON.stringify(name)}:${text}`);
        await serve(given.brokenFirst ? [...bad, ...members] : [...members, ...bad]);
        for (const [name, flag] of good) {
          const alone = new FlagshipServerProvider({ definitions: { flags: { [name]: flag as never } } });
          const expected = await answerOf(alone, name);
          for (const [where, source] of Object.entries(sources))
            expect([where, ...(await answerOf(source, name))]).toEqual([where, ...expected]);
          await alone.onClose();
        }
        // Whatever a broken one answers: it answers.
        for (const [name] of given.broken.filter(([broken]) => broken !== '')) {
          for (const source of Object.values(sources))
            await source.resolveObjectEvaluation(name, {}, CONTEXT);
        }
        expect(watch.problems).toEqual([]);
        for (const line of lines) expect(line.length).toBeLessThan(2000);
      }),
      { numRuns: 40, interruptAfterTimeLimit: 90_000 },
    );
  });

  it.each(['in', 'not_in'])(
    'says where, and answers PARSE_ERROR: an object that is no text (%s)',
    async (name) => {
      // A key that the property above never uses: a good version of it would stay in force.
      const key = `list-${name}`;
      await serve([`"${key}":${condition('"plan"', `"${name}"`, `[${HOSTILE[0]}]`)}`, '"good":true']);
      for (const [where, source] of Object.entries(sources)) {
        const details = await source.resolveNumberEvaluation(key, 7, CONTEXT);
        expect([where, details]).toEqual([
          where,
          expect.objectContaining({ value: 7, errorCode: 'PARSE_ERROR' }),
        ]);
      }
      const told = lines.filter((line) =>
        line.includes(`"${key}" is malformed at ${key}.rules[0].conditions[0]`),
      );
      expect(told).toHaveLength(4);
      expect(told[0]).toMatch(/cannot be used: Cannot convert object to primitive value/);
    },
  );

  it.each([
    ['variations', TEMPLATES[4]!],
    ['variations', TEMPLATES[5]!],
    ['description', TEMPLATES[8]!],
    ['rules[0].conditions[0]', condition('"plan"', '"in"', '[here]')],
  ])(
    'answers PARSE_ERROR where it is nested 20,000 deep, and is reported once: %s',
    async (place, template) => {
      const text = template.replace('here', deep(20_000, '[', '', ']'));
      const flagKey = `deep-${edits}`;
      await serve([`"${flagKey}":${text}`, '"good":true']);
      for (const [where, source] of Object.entries(sources)) {
        const { errorCode } = await source.resolveNumberEvaluation(flagKey, 7, CONTEXT);
        expect([where, errorCode]).toEqual([where, 'PARSE_ERROR']);
      }
      const told = () => lines.filter((line) => line.includes(`"${flagKey}" is malformed at ${flagKey}`));
      expect(told()[0]).toContain(`${flagKey}.${place}: is nested`);
      expect(told()).toHaveLength(4);
      // What has not changed is not told again.
      expect(await sources.downloaded!.refresh()).toBe(true);
      expect(told()).toHaveLength(4);
    },
  );

  it('is logged with its key for the first ten of thousands', async () => {
    await serve(Array.from({ length: 3000 }, (_, index) => `"bad-${index}":{"variations":1}`));
    const named = lines.filter((line) => line.includes('is malformed at'));
    expect(named).toHaveLength(4 * 10);
    expect(lines.filter((line) => line.includes('2990 more flags are malformed'))).toHaveLength(4);
  });

  it('is a flag of its own key, seeded by the key in its definition', async () => {
    const split = (flagKey: string) =>
      `{"key":"${flagKey}","enabled":true,"default_variation":"a","variations":{"a":"a","b":"b"},"rules":[{"conditions":[],"serve_variation":"b","rollout":{"percentage":50}}]}`;
    await serve([`"one":${split('one')}`, `"alias":${split('one')}`, `"other":${split('other')}`]);
    const sides = async (source: FlagshipServerProvider, flagKey: string) => {
      const asked = Array.from({ length: 60 }, (_, index) =>
        source.resolveStringEvaluation(flagKey, '', { targetingKey: `user-${index}` }),
      );
      return (await Promise.all(asked)).map(({ value }) => value).join('');
    };
    for (const source of Object.values(sources)) {
      const one = await sides(source, 'one');
      expect(await sides(source, 'alias')).toBe(one);
      expect(await sides(source, 'other')).not.toBe(one);
    }
  });
});

describe('an object of flags', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const fail = (): never => {
    throw new Error('not to be read');
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const endless: object = new Proxy(
    {},
    {
      ownKeys: () => ['a'],
      get: () => endless,
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    },
  );
  const values: Record<string, PropertyDescriptor> = {
    'a getter that throws': { get: fail },
    'a getter that throws a symbol': {
      get: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- anything can be thrown
        throw Symbol('thrown');
      },
    },
    'a Proxy that throws': { value: new Proxy({}, { get: fail, ownKeys: fail, has: fail }) },
    'a revoked Proxy': { value: revoked },
    'an endless Proxy': { value: endless },
    'a circle': { value: circular },
    'a toJSON that throws': { value: { toJSON: fail } },
    'a member whose getter throws': {
      value: Object.defineProperty({ variations: {} }, 'rules', { get: fail, enumerable: true }),
    },
    'a big integer': { value: 10n },
    'a symbol': { value: Symbol('flag') },
    'a function': { value: fail },
  };

  it.each(Object.entries(values))('survives %s: that one answers PARSE_ERROR', async (_, descriptor) => {
    const flags = Object.defineProperty({ good: 'one' }, 'bad', { ...descriptor, enumerable: true });
    for (const definitions of [flags, { flags }]) {
      const source = new FlagshipServerProvider({ definitions: definitions });
      expect(await answerOf(source, 'good')).toEqual(['one', 'STATIC', undefined]);
      expect(await answerOf(source, 'bad')).toEqual(['mine', 'ERROR', 'PARSE_ERROR']);
      expect(lines.splice(0)).toEqual([expect.stringMatching(/^warn Flag "bad" is malformed at bad: /)]);
      await source.onClose();
    }
    flagship.setFlags({ flags });
    expect(await answerOf(sources['asked of the local Flagship']!, 'good')).toEqual([
      'one',
      'STATIC',
      undefined,
    ]);
  });

  it('has no flag where a value is undefined', async () => {
    const source = new FlagshipServerProvider({ definitions: { gone: undefined, good: 'one' } as never });
    expect(await answerOf(source, 'gone')).toEqual(['mine', 'ERROR', 'FLAG_NOT_FOUND']);
    expect(lines).toEqual([]);
  });

  it.each<readonly [string, unknown]>([
    ['a Proxy without keys', new Proxy({}, { ownKeys: fail })],
    ['a toJSON that throws', { toJSON: fail }],
    ['a "flags" that throws', Object.defineProperty({}, 'flags', { get: fail, enumerable: true })],
  ])('that cannot be read as a whole is refused by the option’s name: %s', (_, definitions) => {
    expect(() => new FlagshipServerProvider({ definitions: definitions as never })).toThrow(/"definitions"/);
  });
});

describe('a context that cannot be read', () => {
  const rule = condition('"plan"', '"equals"', '"pro"');
  const fail = (): never => {
    throw new Error('not to be read');
  };
  it.each<readonly [string, object]>([
    ['a getter that throws', Object.defineProperty({}, 'plan', { get: fail, enumerable: true })],
    ['a Proxy', new Proxy({ plan: 'pro' }, { getOwnPropertyDescriptor: fail, get: fail })],
    ['a Proxy that does not show its names', new Proxy({}, { ownKeys: fail })],
  ])('is the context’s fault: %s', async (_, context) => {
    const source = new FlagshipServerProvider({ definitions: JSON.parse(`{"flag":${rule}}`) as never });
    expect(await source.resolveNumberEvaluation('flag', 7, context as never)).toMatchObject({
      value: 7,
      errorCode: 'INVALID_CONTEXT',
    });
  });

  it('does not treat an object as a date because of its toStringTag', async () => {
    const source = new FlagshipServerProvider({ definitions: JSON.parse(`{"flag":${rule}}`) as never });
    const context = { plan: { [Symbol.toStringTag]: 'Date' } };
    expect(await source.resolveNumberEvaluation('flag', 7, context as never)).toMatchObject({ value: 1 });
  });
});

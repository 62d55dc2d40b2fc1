import { writeFileSync } from 'node:fs';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { useLog } from '../../fixtures/captured-log';
import { fixedFlag } from '../../fixtures/definitions';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useFolder } from '../../fixtures/use-folder';
import { useServer } from '../../fixtures/use-server';

jest.setTimeout(60_000);

const lines = useLog();
const cleanUp = useCleanup();
const servers = useServer();
const folder = useFolder();

async function open(options: ConstructorParameters<typeof FlagshipServerProvider>[0]) {
  const provider = new FlagshipServerProvider(options);
  cleanUp(() => provider.onClose());
  await provider.initialize();
  return provider;
}

const report = (problem: string) => void lines.push(problem);

const answerOf = async (provider: FlagshipServerProvider, key: string) => {
  const { value, errorCode } = await provider.resolveStringEvaluation(key, 'mine', {});
  return errorCode ?? value;
};

/** The ways in which definitions come in. Each resolves with a provider that has them, or rejects. */
const ways = {
  'an object': (definitions: unknown) => open({ definitions: definitions as never }),
  'a file': (definitions: unknown) => {
    writeFileSync(folder('flags.json'), JSON.stringify(definitions));
    return open({ definitions: folder('flags.json') });
  },
  'the local Flagship’s setFlags': async (definitions: unknown) => {
    const flagship = await servers.startFlagship({ flags: {}, report });
    const { url: baseUrl, accountId, appId } = flagship;
    flagship.setFlags(definitions as never);
    return open({ baseUrl, accountId, appId });
  },
  'the local Flagship’s option, and its definitions endpoint': async (definitions: unknown) => {
    const {
      url: baseUrl,
      accountId,
      appId,
    } = await servers.startFlagship({
      flags: definitions as never,
      report,
    });
    return open({ baseUrl, accountId, appId, localEvaluation: true });
  },
  'Flagship’s definitions endpoint': async (definitions: unknown) => {
    const { url } = await servers.start({ body: definitions });
    return open({ endpoint: `${url}/evaluate`, accountId: 'a', localEvaluation: true, retries: 0 });
  },
};
const everyWay = Object.entries(ways);
const [ofObject, ofEndpoint] = [ways['an object'], ways['Flagship’s definitions endpoint']];

const a = fixedFlag('a', 'one');
const b = { ...fixedFlag('b', 'two'), description: 'as the API lists it', type: 'string', updated_by: 'ann' };
const envelope = { success: true, errors: [], messages: [], result_info: { cursor: null } };
const forms: readonly (readonly [form: string, input: unknown])[] = [
  ['flags by key under "flags"', { flags: { a, b } }],
  ['a list', [a, b]],
  ['a list under "flags", beside other members', { flags: [a, b], version: 2 }],
  ['what `wrangler flagship flags list --json` prints', { items: [a, b] }],
  ['the same with a cursor', { items: [a, b], cursor: null }],
  ['what the management API lists', { ...envelope, result: [a, b] }],
  ['a short envelope', { success: true, result: [a, b] }],
  ['a page of Cloudflare’s SDK', { result: [a, b], result_info: {} }],
  ['an envelope of definitions', { ...envelope, result: { flags: { a, b } } }],
  ['definitions under "result" alone', { result: { flags: { a, b } } }],
  ['an envelope of a list under "flags"', { ...envelope, result: { flags: [a, b] } }],
  ['an envelope with members of its own', { ...envelope, request_id: 'x', result: { flags: { a, b } } }],
  ['the same around a list', { ...envelope, request_id: 'x', result: { flags: [a, b] } }],
];

describe.each(everyWay)('%s', (_, read) => {
  it.each(forms)('can be %s', async (_form, input) => {
    const provider = await read(input);
    expect([await answerOf(provider, 'a'), await answerOf(provider, 'b')]).toEqual(['one', 'two']);
    for (const key of ['flags', 'items', 'result', 'success'])
      expect(await answerOf(provider, key)).toBe('FLAG_NOT_FOUND');
    expect(lines).toEqual([]);
  });

  it.each([
    ['one flag', a],
    ['one flag in an envelope', { ...envelope, result: a }],
    ['one flag in an envelope with members of its own', { ...envelope, request_id: 'x', result: a }],
  ])('can be %s', async (_form, input) => {
    expect(await answerOf(await read(input), 'a')).toBe('one');
  });

  it.each([
    ['an app without flags, as wrangler lists it', { items: [] }],
    ['an app without flags, as the API lists it', { ...envelope, result: [] }],
    ['definitions without flags', { flags: {} }],
  ])('can be %s', async (_form, input) => {
    expect(await answerOf(await read(input), 'a')).toBe('FLAG_NOT_FOUND');
  });

  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['an empty list', [], /the list is empty/],
    ['an empty list of flags', { flags: [] }, /"flags" must be an object.*empty list/],
    ['a list of values', [true, false], /\[0\] is the boolean true/],
    ['values in the place of flags', { flags: [1, 2] }, /flags\[0\] is the number 1/],
    [
      'a bulk answer of OFREP',
      { flags: [{ key: 'a', value: 1, reason: 'STATIC' }] },
      /flags\[0\].*"variations"/,
    ],
    ['a list of apps', { ...envelope, result: [{ id: 'x', name: 'shop' }] }, /result\[0\].*"variations"/],
    [
      'a failure',
      { success: false, errors: [{ code: 1, message: 'no such app' }] },
      /(failure: "|"success": false\. )no such app/,
    ],
    [
      'a failure without a reason',
      { success: false, errors: [], result: null },
      /reports a failure\.|"success": false\.$/,
    ],
    ['an envelope without a result', { ...envelope, result: null }, /"result" holds no flags, but null/],
    ['an envelope of something else', { ...envelope, result: { id: 'x' } }, /"result" holds no flags/],
    ['an envelope in an envelope', { ...envelope, result: { ...envelope, result: [a] } }, /holds no flags/],
    ['text under "flags"', { flags: 'a' }, /"flags" must be an object/],
    ['an item without a key', [a, { ...b, key: undefined }], /\[1\] must have the flag's key.*missing/],
    ['an item whose key is a number', { items: [a, { ...b, key: 7 }] }, /items\[1\].*"key" is the number 7/],
    ['an item whose key is empty', { flags: [{ ...a, key: '' }] }, /flags\[0\].*"key" is the string ""/],
    ['an item that is no object', { items: [a, null] }, /items\[1\] must be a flag, but is null/],
    [
      'a file of flagd',
      { flags: { a: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' } } },
      /flagd/,
    ],
    [
      'flags of LaunchDarkly',
      { flags: { a: { on: true, variations: [true, false], fallthrough: { variation: 0 } } } },
      /LaunchDarkly/,
    ],
    ['null', null, /./],
    ['text', 'flags', /./],
    ['a number', 7, /./],
  ];
  it.each(refused)('cannot be %s', async (_form, input, problem) => {
    await expect(read(input)).rejects.toThrow(problem);
  });

  it('answers PARSE_ERROR for keys that a list holds twice or that no flag can have', async () => {
    const bad = { ...fixedFlag('no spaces', 'x') };
    const provider = await read({
      items: [a, b, { ...a, enabled: false }, bad, { key: 'c', enabled: true }],
    });
    expect(await answerOf(provider, 'b')).toBe('two');
    for (const key of ['a', 'no spaces', 'c']) expect(await answerOf(provider, key)).toBe('PARSE_ERROR');
  });
});

describe('definitionsCache', () => {
  it('keeps what Flagship sends in any form, for a start without Flagship', async () => {
    const server = await servers.start({ body: { items: [a, b] } });
    const options = {
      endpoint: `${server.url}/evaluate`,
      accountId: 'a',
      localEvaluation: true,
      retries: 0,
      definitionsCache: folder('kept.json'),
    };
    await (await open(options)).onClose();
    server.script({ status: 503 });
    expect(await answerOf(await open(options), 'b')).toBe('two');
    expect(lines).toEqual([expect.stringContaining('kept on disk are used')]);
  });
});

describe('a list', () => {
  it('names the places of what is malformed', async () => {
    await ofObject([a, b, a, { ...b, key: 'x'.repeat(65) }]);
    expect(lines).toEqual([
      expect.stringContaining('"a" is malformed at a: is listed twice, as [0] and [2]'),
      expect.stringContaining('is malformed at [3].key: must be 1 to 64 letters, digits, "-" or "_"'),
    ]);
  });

  it('keeps the others when one flag cannot be read', async () => {
    const circular: Record<string, unknown> = { ...b };
    circular.variations = circular;
    const provider = await ofObject([a, circular]);
    expect([await answerOf(provider, 'a'), await answerOf(provider, 'b')]).toEqual(['one', 'PARSE_ERROR']);
    expect(lines.splice(0)).toHaveLength(1);
  });
});

describe('a module', () => {
  const moduleOf = (members: object) => Object.assign(Object.create(null), tag, members) as unknown;
  const tag = { [Symbol.toStringTag]: 'Module' };

  it.each([
    ['a list', { items: [a, b] }],
    ['flags by key', { a, b }],
  ])('of a JSON file exports the flags as its default: %s', async (_, flags) => {
    expect(await answerOf(await ofObject(moduleOf({ default: flags })), 'b')).toBe('two');
  });

  it('with other exports exports flags by key', async () => {
    const provider = await ofObject(moduleOf({ default: { b }, a }));
    expect([await answerOf(provider, 'a'), await answerOf(provider, 'b')]).toEqual(['one', 'FLAG_NOT_FOUND']);
  });
});

describe('flags by key', () => {
  const bare: readonly (readonly [string, Record<string, unknown>, string, unknown])[] = [
    ['"items" is a switch', { items: true, other: 1 }, 'items', true],
    ['"items" is a list beside another flag', { items: [1, 2], other: 1 }, 'items', [1, 2]],
    ['"items" is a JSON flag', { items: { max: 3 } }, 'items', { max: 3 }],
    ['"result" is a list under "flags"', { flags: { result: [1] } }, 'result', [1]],
    ['"success" and "result" are flags', { success: true, result: 'x', other: 1 }, 'success', true],
    ['"success" and "result" are under "flags"', { flags: { success: true, result: [] } }, 'success', true],
    ['"key" is a flag', { key: 'x', variations: true }, 'key', 'x'],
    ['"flags" is a flag', { flags: { ...a, key: 'flags' } }, 'flags', 'one'],
    ['"variations" is a flag', { flags: { variations: { ...a, key: 'variations' } } }, 'variations', 'one'],
    ['an editor’s schema stands beside them', { $schema: './flags.schema.json', limit: 3 }, 'limit', 3],
  ];
  it.each(bare)('may stand at the top: %s', async (_, definitions, key, value) => {
    const provider = await ofObject(definitions);
    const resolutions = await Promise.all([
      provider.resolveBooleanEvaluation(key, false, {}),
      provider.resolveStringEvaluation(key, '', {}),
      provider.resolveNumberEvaluation(key, 0, {}),
      provider.resolveObjectEvaluation(key, {}, {}),
    ]);
    const ofItsType = resolutions.filter(({ errorCode }) => errorCode === undefined);
    expect(ofItsType.map((resolution) => resolution.value as unknown)).toEqual([value]);
    expect(await answerOf(provider, '$schema')).toBe('FLAG_NOT_FOUND');
    expect(lines).toEqual([]);
  });

  it('may not stand at the top of an answer of Flagship', async () => {
    await expect(ofEndpoint({ a, b })).rejects.toThrow('no object "flags"');
    await expect(ofEndpoint({})).rejects.toThrow('no object "flags"');
  });

  class Holder {
    readonly #flags = a;
    read = undefined as unknown;
    constructor() {
      delete this.read;
    }
    toString(): string {
      return this.#flags.key;
    }
  }
  const mistaken: readonly (readonly [string, unknown, RegExp])[] = [
    ['a Map', new Map([['a', true]]), /a Map/],
    ['a Set', new Set(['a']), /a Set/],
    ['a promise', Promise.resolve({ a: true }), /a Promise/],
    ['a date', new Date(), /a Date/],
    ['a URL', new URL('file:///flags.json'), /a URL/],
    ['an error', new Error('no file'), /an? Error/],
    ['a buffer', Buffer.from('{}'), /a Uint8Array/],
    ['an instance without members', new Holder(), /an object without members/],
    ['a list of values', { items: [1, 2] }, /items\[0\] is the number 1/],
    ['an evaluation', { key: 'a', value: true, reason: 'STATIC', variant: 'on' }, /answer of an evaluation/],
    ['an evaluation that failed', { key: 'a', errorCode: 'PARSE_ERROR' }, /evaluation that failed/],
    ['a file of Unleash', { version: 1, features: [{ name: 'a', strategies: [] }] }, /Unleash/],
    ['features of GrowthBook', { features: { a: { defaultValue: true } } }, /GrowthBook/],
    ['values of LaunchDarkly', { flagValues: { a: true } }, /LaunchDarkly/],
  ];
  it.each(mistaken)('are not %s', async (_, definitions, problem) => {
    const refusal = ofObject(definitions);
    await expect(refusal).rejects.toThrow(problem);
    await expect(refusal).rejects.toThrow(/option "definitions" must be .*\{ "flags": \{ "<key>": … \} \}/);
    await expect(servers.startFlagship({ flags: definitions as never })).rejects.toThrow(problem);
  });
});

import { writeFileSync } from 'node:fs';
import { OpenFeature } from '@openfeature/server-sdk';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import {
  FlagService,
  FlagshipModule,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { useLog } from '../fixtures/captured-log';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';
import { useFolder } from '../fixtures/use-folder';
import { useServer } from '../fixtures/use-server';
import { waitUntil } from '../fixtures/wait-until';
import { bindingWith } from '../fixtures/workers-binding';

const log = useLog();
const servers = useServer();
const apps = useApp();
const folder = useFolder();
const cleanUp = useCleanup();

const flag = { key: 'flag', enabled: true, default_variation: 'on', variations: { on: true }, rules: [] };
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`name-${index}`, true]));

/** Metadata as JSON, what is left of it, and the reason in the warning. */
const malformed: [string, string, object, RegExp][] = [
  ['text', '"checkout-team"', {}, /is not an object/],
  ['a list', '[1]', {}, /is not an object/],
  ['a nested value', '{"owner":"team","links":{"wiki":"x"}}', { owner: 'team' }, /not accepted: "links"/],
  [
    'a value nested too deep',
    `{"owner":"team","deep":${nested(20_000)}}`,
    { owner: 'team' },
    /not accepted: "deep"/,
  ],
  ['a list nested too deep', '['.repeat(20_000) + ']'.repeat(20_000), {}, /is not an object/],
  ['null as a value', '{"owner":"team","none":null}', { owner: 'team' }, /not accepted: "none"/],
  ['a number beyond every double', '{"owner":"team","big":1e999}', { owner: 'team' }, /not accepted: "big"/],
  [
    '__proto__',
    '{"owner":"team","__proto__":{"polluted":true}}',
    { owner: 'team' },
    /not accepted: "__proto__"/,
  ],
  ['an empty name', '{"owner":"team","":1}', { owner: 'team' }, /not accepted: ""/],
  ['too many entries', JSON.stringify(many), {}, /has 33 entries, more than 32/],
  [
    'too many bytes',
    JSON.stringify({ text: 'x'.repeat(3000) }),
    {},
    /takes 3011 bytes as JSON, more than 2048/,
  ],
  [
    'control characters',
    '{"owner":"team","\\u001b[31m\\n":null}',
    { owner: 'team' },
    /not accepted: "\\u001b\[31m\\n"/,
  ],
];

/** The flag's definition or answer as JSON, with this metadata. */
const withMetadata = (rest: object, metadata: string): string =>
  `${JSON.stringify(rest).slice(0, -1)},"metadata":${metadata}}`;
const answerWith = (metadata: string) => ({
  headers: { 'content-type': 'application/json' },
  body: withMetadata({ flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' }, metadata),
});
const definitionsWith = (metadata: string) => `{"flags":{"flag":${withMetadata(flag, metadata)}}}`;

async function provide(options: FlagshipProviderOptions): Promise<FlagshipServerProvider> {
  const provider = new FlagshipServerProvider(options);
  cleanUp(() => provider.onClose());
  await provider.initialize();
  return provider;
}

describe.each(malformed)('metadata with %s spoils no answer', (_, metadata, left, reason) => {
  /** Asks twice: the second time, what was dropped has been reported already. */
  async function expectAnswer(provider: FlagshipServerProvider, reasons = ['STATIC', 'STATIC']) {
    for (const expected of reasons) {
      const details = await provider.resolveBooleanEvaluation('flag', false, {});
      expect(details).toMatchObject({ value: true, reason: expected });
      expect(details.flagMetadata).toStrictEqual(left);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(log).toEqual([
      expect.stringMatching(/^warn The metadata of flag "flag" .*; what is not accepted is dropped\.$/),
    ]);
    expect(log[0]).toMatch(reason);
  }

  it('over HTTP', async () => {
    const server = await servers.start(answerWith(metadata));
    await expectAnswer(await provide({ endpoint: `${server.url}/evaluate`, retries: 0 }));
    expect(server.requests).toHaveLength(2);
  });

  it('in downloaded definitions', async () => {
    const server = await servers.start({ body: definitionsWith(metadata) });
    const options = { endpoint: `${server.url}/evaluate`, accountId: 'a', localEvaluation: true, retries: 0 };
    const provider = await provide(options);
    expect(await provider.refresh()).toBe(true);
    await expectAnswer(provider);
  });

  it('in a file', async () => {
    writeFileSync(folder('flags.json'), definitionsWith(metadata));
    await expectAnswer(await provide({ definitions: folder('flags.json') }));
  });

  it('in the details of a binding', async () => {
    const details = {
      value: true,
      variant: 'on',
      reason: 'STATIC',
      metadata: JSON.parse(metadata) as unknown,
    };
    await expectAnswer(await provide({ binding: bindingWith(() => Promise.resolve(details)).binding }));
  });

  it('in an entry of the shared store', async () => {
    const entries = new Map<string, string>();
    const options = async (server: ScriptedServer) => ({
      endpoint: `${server.url}/evaluate`,
      retries: 0,
      cacheTtl: 600_000,
      cacheStore: createCache({ stores: [new Keyv({ store: entries })] }),
    });
    const server = await servers.start({
      body: { flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' },
    });
    await (await provide(await options(server))).resolveBooleanEvaluation('flag', false, {});
    const find = () => [...entries].find(([key]) => key.includes(':boolean:flag:'));
    await waitUntil(() => find() !== undefined, 'the entry');
    const [key, content] = find()!;
    const stored = JSON.parse(content) as { value: string };
    entries.set(
      key,
      JSON.stringify({ ...stored, value: withMetadata(JSON.parse(stored.value) as object, metadata) }),
    );
    await expectAnswer(await provide(await options(server)), ['CACHED', 'CACHED']);
    expect(server.requests).toHaveLength(1);
  });
});

describe('metadata in an object of options that JSON cannot hold', () => {
  const circular: Record<string, unknown> = { owner: 'team' };
  circular.self = circular;
  it.each<[string, object, object]>([
    ['a circular value', circular, { owner: 'team' }],
    ['a bigint', { owner: 'team', big: 1n }, { owner: 'team' }],
    ['NaN', { owner: 'team', ratio: NaN }, { owner: 'team' }],
    ['a function', { owner: 'team', find: () => 'x' }, { owner: 'team' }],
    [
      'a getter that throws',
      Object.defineProperty({}, 'owner', {
        enumerable: true,
        get: () => {
          throw new Error('no');
        },
      }),
      {},
    ],
    [
      'a revoked proxy',
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      })(),
      {},
    ],
  ])('spoils no answer: %s', async (_, metadata, left) => {
    const provider = await provide({ definitions: { flag: { ...flag, metadata } } as never });
    const details = await provider.resolveBooleanEvaluation('flag', false, {});
    expect(details).toMatchObject({ value: true, reason: 'STATIC' });
    expect(details.flagMetadata).toStrictEqual(left);
    expect(log).toEqual([expect.stringMatching(/^warn The metadata of flag "flag" /)]);
  });

  it('leaves alone a bare value with a member of that name', async () => {
    const look = { metadata: { nested: { accent: 'teal' } }, variant: 'x' };
    const provider = await provide({ definitions: { look } });
    expect(await provider.resolveObjectEvaluation('look', {}, {})).toMatchObject({
      value: look,
      flagMetadata: {},
    });
  });
});

it('metadata of a binding that throws when it is read spoils no answer', async () => {
  const details = {
    value: true,
    variant: 'on',
    reason: 'STATIC',
    get metadata(): never {
      throw new Error('secret');
    },
  };
  const provider = await provide({ binding: bindingWith(() => Promise.resolve(details)).binding });
  expect(await provider.resolveBooleanEvaluation('flag', false, {})).toMatchObject({
    value: true,
    reason: 'STATIC',
  });
  expect(log.join()).toContain('The metadata of flag "flag" is not an object');
  expect(log.join()).not.toContain('secret');
});

it.each<[string, () => Promise<FlagshipProviderOptions>]>([
  [
    'over HTTP',
    async () => {
      const { url } = await servers.start(answerWith('{"owner":"team","user-7 in Bearer my-token":null}'));
      return { endpoint: `${url}/evaluate`, retries: 0, authToken: 'my-token' };
    },
  ],
  [
    'of a binding',
    () => {
      const details = { value: true, metadata: { owner: 'team', 'user-7': null } };
      return Promise.resolve({ binding: bindingWith(() => Promise.resolve(details)).binding });
    },
  ],
])('the warning about metadata %s quotes no value of the request', async (_, options) => {
  const provider = await provide(await options());
  const details = await provider.resolveBooleanEvaluation('flag', false, { targetingKey: 'user-7' });
  expect(details.flagMetadata).toEqual({ owner: 'team' });
  expect(log).toEqual([expect.stringContaining('not accepted: "')]);
  expect(log[0]).not.toMatch(/user-7|my-token/);
});

it('an error of a binding carries the metadata of its details', async () => {
  const details = {
    value: false,
    variant: 'default',
    reason: 'ERROR',
    errorCode: 'TYPE_MISMATCH',
    metadata: { owner: 'team' },
  };
  const provider = await provide({ binding: bindingWith(() => Promise.resolve(details)).binding });
  expect(await provider.resolveBooleanEvaluation('flag', false, {})).toMatchObject({
    errorCode: 'TYPE_MISMATCH',
    flagMetadata: { owner: 'team' },
  });
});

it('reports the metadata of ten flags, and how many more', async () => {
  const flags = Object.fromEntries(
    Array.from({ length: 25 }, (_, index) => [`flag-${index}`, { ...flag, metadata: 7 }]),
  );
  await provide({ definitions: { flags } });
  expect(log).toHaveLength(11);
  expect(log[10]).toBe('warn 15 more flags have metadata that is not accepted.');
});

describe('an application that changes the metadata of one answer', () => {
  it.each<[string, object]>([
    ['without hooks', {}],
    ['with hooks', { hooks: [{ after: () => undefined }] }],
  ])('changes no other one, %s', async (_, options) => {
    const metadata = { owner: 'team' };
    const { app } = await apps.start({
      imports: [FlagshipModule.forRoot({ definitions: { flag: { ...flag, metadata } }, ...options })],
    });
    const flags = app.get(FlagService);
    const client = OpenFeature.getClient();
    for (const ask of [
      () => flags.getBooleanDetails('flag', false),
      () => client.getBooleanDetails('flag', false),
    ]) {
      const { flagMetadata } = await ask();
      expect(() => Object.assign(flagMetadata, { owner: 'me' })).toThrow(TypeError);
      expect(() => Object.assign(flagMetadata, { more: 1 })).toThrow(TypeError);
      expect((await ask()).flagMetadata).toEqual({ owner: 'team' });
    }
    metadata.owner = 'changed';
    expect((await flags.getBooleanDetails('flag', false)).flagMetadata).toEqual({ owner: 'team' });
  });
});

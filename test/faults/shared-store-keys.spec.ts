import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import {
  type CacheStore,
  FlagshipModule,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { waitUntil } from '../../tools/waiting.cjs';
import { useLog } from '../fixtures/captured-log';
import { answer, askFlag, openProviders } from '../fixtures/open-providers';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { everythingSeen } from '../fixtures/secrets';
import { useServer } from '../fixtures/use-server';

const LONG = 60_000;
const [OURS, OTHER] = ['our own secret of 32 characters..', 'another secret of 32 characters..'] as const;

const servers = useServer();
let server: ScriptedServer;
const lines = useLog();
const open = openProviders(() => server);

beforeAll(async () => (server = await servers.start()));
beforeEach(() => {
  server.script(answer(true));
});

/** A store that forgets in time. */
class Store implements CacheStore {
  readonly entries = new Map<string, { value: unknown; until: number }>();

  async get(key: string): Promise<unknown> {
    const found = this.entries.get(key);
    return found !== undefined && performance.now() < found.until ? found.value : undefined;
  }

  async set(key: string, value: unknown, ttl = 0): Promise<void> {
    this.entries.set(key, { value, until: performance.now() + ttl });
  }

  get keys(): string[] {
    return [...this.entries.keys()].filter((key) => key.includes(':v1:'));
  }
}

/** The key under which an instance with these options keeps an answer. */
async function keyOf(
  options: Partial<FlagshipProviderOptions>,
  context: Record<string, string> = { targetingKey: '+4915112345678' },
): Promise<string> {
  const store = new Store();
  const provider = open({ cacheTtl: LONG, cacheStore: store, ...options });
  await askFlag(provider, context);
  await waitUntil(() => store.keys.length === 1, 'the answer in the store');
  return store.keys[0]!;
}

describe('the keys of a shared store', () => {
  const token = (authToken: string): Partial<FlagshipProviderOptions> => ({ authToken });
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` });

  const same: readonly (readonly [string, object, object])[] = [
    ['one secret', { secret: OURS }, { secret: OURS }],
    ['one secret and two tokens', { secret: OURS, ...token('a') }, { secret: OURS, ...token('b') }],
    ['one secret, and older ones', { secret: [OURS, OTHER] }, { secret: OURS }],
    ['one token', token('a'), token('a')],
    ['one token, given in two ways', token('a'), { headers: bearer('a') }],
    ['one token, in a list of headers', token('a'), { headers: [['Authorization', 'Bearer a']] }],
    ['one token, as fetch takes it', token('a'), { fetchOptions: { headers: bearer('a') } }],
    [
      'one secret, and tokens that rotate',
      { secret: OURS, headersFactory: () => bearer('a') },
      { secret: OURS, headersFactory: () => bearer('b') },
    ],
    ['neither', {}, {}],
  ];
  it.each(same)('are the same for instances with %s', async (_, one, other) => {
    expect(await keyOf(one)).toBe(await keyOf(other));
  });

  it('differ for ids that differ in half a character', async () => {
    const body: Partial<FlagshipProviderOptions> = { contextTransport: 'body', ...token('a') };
    const ids = ['\ud800', '\ud801', '\ufffd'];
    const keys = await Promise.all(ids.map((targetingKey) => keyOf(body, { targetingKey })));
    expect(new Set(keys).size).toBe(ids.length);
  });

  const different: readonly (readonly [string, object, object])[] = [
    ['two secrets', { secret: OURS }, { secret: OTHER }],
    ['two secrets, the older one in common', { secret: [OURS, OTHER] }, { secret: OTHER }],
    ['two tokens', token('a'), token('b')],
    ['a secret and none', { secret: OURS, ...token('a') }, token('a')],
    ['a token and none', token('a'), {}],
  ];
  it.each(different)('are others for instances with %s', async (_, one, other) => {
    expect(await keyOf(one)).not.toBe(await keyOf(other));
  });

  it('are others for the same context in another app', async () => {
    const app = (appId: string) => ({
      endpoint: undefined,
      baseUrl: server.url,
      accountId: 'acc',
      appId,
      secret: OURS,
    });
    const digests = [await keyOf(app('one')), await keyOf(app('two'))].map((key) => key.split(':').at(-1));
    expect(new Set(digests).size).toBe(2);
  });

  it.each([
    ['a secret', { secret: OURS, authToken: 'token' }],
    ['a token alone', { authToken: 'a token of some length' }],
  ])('cannot be found by trying contexts, with %s', async (_, options) => {
    const key = await keyOf(options);
    const context = { targetingKey: '+4915112345678' };
    // Who knows the context and the package, but not the secret.
    expect(await keyOf({}, context)).not.toBe(key);
    expect(await keyOf({ secret: OTHER }, context)).not.toBe(key);
    const texts = [context.targetingKey, JSON.stringify(context), `query flag \f\u000etargetingKey`];
    for (const algorithm of ['sha256', 'sha512', 'sha1', 'md5'])
      for (const text of texts)
        for (const encoding of ['hex', 'base64url'] as const)
          expect(key).not.toContain(createHash(algorithm).update(text).digest(encoding).slice(0, 12));
  });
});

describe('where nothing is known that others do not know', () => {
  const unprotected = expect.stringMatching(/^warn .*"cacheStore".*"secret"/) as unknown;
  const remote = { endpoint: 'https://flags.test/evaluate', fetch: () => Promise.reject(new Error('away')) };

  it.each<[string, Partial<FlagshipProviderOptions>, boolean]>([
    ['headers that are made anew', { headersFactory: () => ({ authorization: 'Bearer a' }) }, true],
    ['no token for another machine', remote, true],
    ['an empty header', { ...remote, headers: { authorization: '' } }, true],
    ['headers that are made anew, and a secret', { headersFactory: () => ({}), secret: OURS }, false],
    ['a secret for another machine', { ...remote, secret: [OURS] }, false],
    ['a token for another machine', { ...remote, authToken: 'token' }, false],
    ['no token for this machine', {}, false],
    ['headers made anew, and no shared store', { headersFactory: () => ({}), cacheStore: undefined }, false],
  ])('a warning says so: %s', async (_, options, isTold) => {
    const provider = open({ cacheTtl: LONG, cacheStore: new Store(), ...options });
    await provider.initialize();
    await provider.initialize();
    expect(lines).toEqual(isTold ? [unprotected] : []);
  });
});

describe('a secret', () => {
  it('is shown by nothing that is printed', async () => {
    const options: FlagshipProviderOptions = {
      endpoint: `${server.url}/evaluate`,
      cacheTtl: LONG,
      cacheStore: new Store(),
      secret: [OURS, OTHER],
    };
    const provider = new FlagshipServerProvider(options);
    await askFlag(provider);
    const seen = [everythingSeen(provider), inspect(provider, { showHidden: true, depth: 20 })].join();
    expect(seen).not.toContain('secret of 32');
    await provider.onClose();
  });

  it('may stand among the options of the module', () => {
    expect(() => FlagshipModule.forRoot({ definitions: {}, secret: OURS })).not.toThrow();
  });
});

import { type CacheStore, type FlagshipProviderOptions } from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { answer, askFlag, openProviders, times } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';

const LONG = 60_000;
const HOUR = 3_600_000;
/** Generous: it only has to tell a store that is passed over from one that is waited for. */
const AT_ONCE = 30_000;

const servers = useServer();
let server: ScriptedServer;
const lines = useLog();
const open = openProviders(() => server);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));

const store = (get: (key: string) => unknown, more: object = {}): CacheStore => ({
  get: get as CacheStore['get'],
  set: async () => undefined,
  ...more,
});
const fail = (): never => {
  throw new Error('the store is broken');
};
const never = () => new Promise<never>(() => undefined);

/** What is stored of an answer, with something else in it. */
const entry = (other: object = {}): string =>
  JSON.stringify({
    flagKey: 'flag',
    type: 'boolean',
    value: false,
    variant: 'lie',
    at: Date.now(),
    ...other,
  });
const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

const broken: Readonly<Record<string, CacheStore>> = {
  'throws at once': store(fail, { set: fail }),
  rejects: store(() => Promise.reject(new Error('broken')), {
    set: () => Promise.reject(new Error('broken')),
  }),
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what it is about
  'rejects with nothing': store(() => Promise.reject()),
  'never answers': store(never, { set: never }),
  'never writes': store(async () => undefined, { set: never }),
  'rejects writes': store(async () => undefined, { set: async () => fail() }),
  'answers without a promise, and throws from events': store(fail, { on: fail, off: fail }),
};
const lying: Readonly<Record<string, () => unknown>> = {
  'a number': () => 7,
  'a boolean': () => false,
  'an object': () => ({ value: false }),
  'a text that is no JSON': () => 'no JSON',
  'an empty text': () => '',
  'a JSON number': () => '7',
  'a JSON null': () => 'null',
  'a JSON list': () => '[]',
  'other JSON': () => '{"value":false}',
  'another flag’s entry': () => entry({ flagKey: 'other' }),
  'an entry of another type': () => entry({ type: 'string' }),
  'a value of another type': () => entry({ value: 'text' }),
  'a variant that is no text': () => entry({ variant: 5 }),
  'no time': () => entry({ at: undefined }),
  'a time that is no number': () => entry({ at: 'now' }),
  'a time in the far future': () => entry({ at: Date.now() + HOUR }),
  'JSON nested too deep': () => deep,
  'a value nested too deep': () => entry({ value: 0 }).replace('"value":0', `"value":${deep}`),
  'a prototype': () => '{"__proto__":{"flagKey":"flag","type":"boolean","value":false,"at":1}}',
};

const asked = async (cacheStore: CacheStore, options: Partial<FlagshipProviderOptions> = {}) => {
  server.script(answer(true));
  const provider = open({ cacheTtl: LONG, staleTtl: LONG, cacheStore, ...options });
  await provider.initialize();
  const all = times(10, (index) => askFlag(provider, { targetingKey: `u${index}` }));
  for (const details of await within(AT_ONCE, Promise.all(all)))
    expect(details).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
  expect(server.requests).toHaveLength(10);
  // In this instance's memory they are kept all the same.
  expect(await askFlag(provider, { targetingKey: 'u0' })).toMatchObject({ value: true, reason: 'CACHED' });
};

describe('a store that', () => {
  it.each(Object.entries(broken))(
    '%s makes no evaluation fail, and is reported once',
    async (_, cacheStore) => {
      await asked(cacheStore);
      await waitUntil(() => lines.length > 0, 'it is told of');
      expect(lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails/)]);
    },
  );
});

describe('a store that answers', () => {
  it.each(Object.entries(lying))('%s is not used, and is reported once', async (_, lie) => {
    await asked(store(async () => lie()));
    expect(lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*unexpected entry/)]);
  });

  it.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['what is too old even to be stale', () => entry({ at: Date.now() - HOUR })],
    ['that the flag is gone', () => entry({ value: undefined })],
  ])('%s has no answer, which is not reported', async (_, get) => {
    await asked(store(async () => get()));
    expect(lines).toEqual([]);
  });

  it('with an entry of another instance, whose clock is a little ahead, is used', async () => {
    server.script({ status: 500 });
    const provider = open({
      cacheTtl: LONG,
      cacheStore: store(async () => entry({ at: Date.now() + 5000 })),
    });
    expect(await askFlag(provider)).toMatchObject({ value: false, variant: 'lie', reason: 'CACHED' });
    expect(lines).toEqual([]);
  });

  it.each([...Object.values(lying)])(
    'with an unusable entry is not used in an outage either',
    async (lie) => {
      server.script({ status: 500 });
      const provider = open({ cacheTtl: 1, staleTtl: LONG, cacheStore: store(async () => lie()) });
      const ask = () => provider.resolveBooleanEvaluation('flag', true, { targetingKey: 'u' });
      expect(await ask()).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'GENERAL' });
    },
  );
});

it('a store that rejects after the time limit leaves no unhandled rejection', async () => {
  const late: ((error: Error) => void)[] = [];
  const hang = () => new Promise<never>((_, reject) => void late.push(reject));
  await asked(store(hang, { set: hang }));
  for (const reject of late) reject(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
});

it('changing a context while the store is read does not change the request', async () => {
  let give: (found: unknown) => void = () => undefined;
  const provider = open({
    cacheTtl: LONG,
    cacheStore: store(() => new Promise((resolve) => (give = resolve))),
    contextTransport: 'body',
  });
  server.script(answer(true));
  const context = { targetingKey: 'u', user: { plan: 'pro' } };
  const details = askFlag(provider, context);
  context.targetingKey = 'v';
  context.user.plan = 'free';
  give(undefined);
  expect((await details).value).toBe(true);
  expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
    context: { targetingKey: 'u', user: { plan: 'pro' } },
  });
});

import { type INestApplication, type Type } from '@nestjs/common';
import { type Cache } from 'cache-manager';
import { Keyv } from 'keyv';
import { FlagService, type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { captureLog } from '../fixtures/captured-log';
import { closedPort } from '../fixtures/closed-port';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';
import { waitUntil } from '../fixtures/wait-until';
import { useReadme } from './use-readme';

const code = useReadme();
const servers = useServer();
const cleanUp = useCleanup();

afterEach(() => {
  jest.restoreAllMocks();
});

/** A store in memory in place of Redis, which the applications of one test share. */
function memoryStore() {
  const entries = new Map<string, unknown>();
  /** The keys of the package, without those with which it probes the store. */
  const keys = (): string[] => [...entries.keys()].filter((key) => !key.includes('nestjs-flagship-probe'));
  return { keys, replacements: { '@keyv/redis': { createKeyv: () => new Keyv({ store: entries }) } } };
}

const warnings = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith('log '));

it('shared.module.ts: a second instance uses the entries of the first', async () => {
  const store = memoryStore();
  const { SharedModule } = code.load<{ SharedModule: Type }>('shared.module.ts', store.replacements);
  const { app: first } = await code.start(SharedModule);
  const { app: second } = await code.start(SharedModule);
  const homePage = (app: INestApplication) => app.get(FlagService).getStringDetails('home-page', 'classic');
  expect(await homePage(first)).toMatchObject({ value: 'modern', reason: 'STATIC' });
  await waitUntil(() => store.keys().length > 0, 'the entry in the store');
  code.flagship.setFlags({ 'home-page': 'newer' });
  expect(await homePage(second)).toMatchObject({ value: 'modern', reason: 'CACHED' });
  expect(second.get(FlagService).stats()).toMatchObject({ hits: { store: 1 }, upstream: { requests: 0 } });
  expect(store.keys()).toEqual([
    expect.stringMatching(/nestjs-flagship:local:local:[0-9a-f]{16}:v1:string:home-page:[\w-]{43}$/),
  ]);
});

it('shared.module.ts: evaluations go to Flagship while Redis is unreachable, with one warning', async () => {
  const lines = captureLog();
  code.setEnvironment('REDIS_URL', `redis://127.0.0.1:${await closedPort()}`);
  const { SharedModule, cacheStore } = code.load<{ SharedModule: Type; cacheStore: Cache }>(
    'shared.module.ts',
  );
  const { app } = await code.start(SharedModule);
  const flags = app.get(FlagService);
  const evaluations = ['ann', 'bob', 'eve'].map((user) =>
    flags.getStringValue('home-page', 'classic', { user }),
  );
  expect(await Promise.all(evaluations)).toEqual(['modern', 'modern', 'modern']);
  await app.close();
  await cacheStore.disconnect();
  expect(warnings(lines)).toEqual([expect.stringContaining('The shared store')]);
});

it('nest-cache.module.ts: a second instance uses the definitions of the first', async () => {
  const store = memoryStore();
  const { NestCacheModule } = code.load<{ NestCacheModule: Type }>(
    'nest-cache.module.ts',
    store.replacements,
  );
  const { app: first } = await code.start(NestCacheModule);
  await waitUntil(() => store.keys().length === 2, 'the definitions in the store');
  const { app: second } = await code.start(NestCacheModule);
  for (const app of [first, second])
    expect(await app.get(FlagService).getStringValue('home-page', 'classic')).toBe('modern');
  expect(second.get(FlagService).stats()).toMatchObject({ upstream: { requests: 0 } });
});

it('nest-cache.module.ts: the application starts and closes while Redis is unreachable', async () => {
  const lines = captureLog();
  code.setEnvironment('REDIS_URL', `redis://127.0.0.1:${await closedPort()}`);
  const { NestCacheModule } = code.load<{ NestCacheModule: Type }>('nest-cache.module.ts');
  const { app } = await code.start(NestCacheModule);
  expect(await app.get(FlagService).getStringValue('home-page', 'classic')).toBe('modern');
  await app.close();
  expect(warnings(lines)).toEqual([expect.stringContaining('The shared store')]);
});

it('steady.ts: the old value is served while Flagship does not respond', async () => {
  const { options } = code.load<{ options: FlagshipProviderOptions }>('steady.ts');
  const server = await servers.start(
    { body: { flagKey: 'home-page', value: 'modern', reason: 'STATIC' } },
    () => undefined,
  );
  const { appId, accountId, ...rest } = options;
  expect({ appId, accountId }).toEqual({
    appId: code.flagship.appId,
    accountId: code.flagship.accountId,
  });
  const endpoint = `${server.url}/evaluate`;
  // A busy machine may need longer for the first response than the README's limits allow.
  const limits = { timeout: 30_000, deadline: 30_000 };
  const provider = new FlagshipServerProvider({ ...rest, ...limits, endpoint, cacheTtl: 1 });
  cleanUp(() => provider.onClose());
  const homePage = () => provider.resolveStringEvaluation('home-page', 'classic', {});
  expect(await homePage()).toMatchObject({ value: 'modern', reason: 'STATIC' });
  await waitUntil(async () => (await homePage()).reason === 'STALE', 'the stale resolution');
  expect(await homePage()).toMatchObject({ value: 'modern', reason: 'STALE' });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DynamicModule,
  type INestApplication,
  type INestApplicationContext,
  type Type,
} from '@nestjs/common';
import { NestFactory as RealNestFactory } from '@nestjs/core';
import { type FlagshipBinding, FlagService, FlagshipServerProvider } from 'nestjs-flagship';
import { startLocalFlagship } from 'nestjs-flagship/local';
import { captureLog } from '../fixtures/captured-log';
import { useCleanup } from '../fixtures/use-cleanup';
import { waitUntil } from '../fixtures/wait-until';
import { onFor } from './flags';
import { blocksOf } from './markdown';
import { readme } from './readme-blocks';
import { useReadme } from './use-readme';

const code = useReadme();
const cleanUp = useCleanup();

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'readme-'));
  cleanUp(() => rm(folder, { recursive: true }));
  return folder;
}

it('app.module.ts: the quick start reads flags, and hides a route from other plans', async () => {
  code.flagship.setFlags({
    'home-page': 'modern',
    'upload-limit': 20,
    'new-checkout': onFor('new-checkout', 'plan', 'pro'),
  });
  const { AppModule } = code.load<{ AppModule: Type }>('app.module.ts');
  const { http } = await code.start(AppModule);
  await http.get('/').expect(200, { page: 'modern', uploadLimit: 20 });
  await http.post('/checkout/v2').expect(404);
  await http.post('/checkout/v2').set('x-plan', 'pro').expect(201, { checkout: 'new' });
});

it('local.ts: an application sees the flags that the local Flagship gets', async () => {
  const { beforeAndAfter } = code.load<{ beforeAndAfter: () => Promise<boolean[]> }>('local.ts');
  const lines = captureLog();
  expect(await beforeAndAfter()).toEqual([false, true]);
  expect(lines.filter((line) => !line.startsWith('log '))).toEqual([]);
});

it('fresh.module.ts: the flags change at a refresh, and a file keeps them for a start without Flagship', async () => {
  const lines = captureLog();
  const flagship = await code.startFlagship({ flags: { 'home-page': 'old' }, appId: 'fresh' });
  code.setEnvironment('FLAGSHIP_APP_ID', flagship.appId);
  code.setEnvironment('FLAGSHIP_CACHE_FILE', join(await temporaryFolder(), 'flags.json'));
  const { FreshModule } = code.load<{ FreshModule: Type }>('fresh.module.ts');
  const homePage = (shop: INestApplication) => shop.get(FlagService).getStringDetails('home-page', 'classic');

  const { app, http } = await code.start(FreshModule);
  expect(await homePage(app)).toMatchObject({ value: 'old', reason: 'STATIC' });
  flagship.setFlags({ 'home-page': 'new' });
  expect(await homePage(app)).toMatchObject({ value: 'old', reason: 'STATIC' });
  await http.post('/flags/refresh').expect(201, { upToDate: true });
  expect(await homePage(app)).toMatchObject({ value: 'new', reason: 'STATIC' });

  await flagship.close();
  await http.post('/flags/refresh').expect(201, { upToDate: false });
  expect(await homePage(app)).toMatchObject({ value: 'new', reason: 'STATIC' });

  const { app: later } = await code.start(code.load<{ FreshModule: Type }>('fresh.module.ts').FreshModule);
  expect(lines.join('\n')).toContain('the definitions kept on disk are used');
  expect(await homePage(later)).toMatchObject({ value: 'new', reason: 'STATIC' });
});

it('offline.module.ts: flags come from a file, whose edits apply, or from an object', async () => {
  const folder = await temporaryFolder();
  // The flags file that the README shows, in the folder in which its module reads it.
  await writeFile(join(folder, 'flags.json'), blocksOf(readme, 'json')[0]?.code ?? '');
  const before = process.cwd();
  cleanUp(() => {
    process.chdir(before);
  });
  process.chdir(folder);
  const { OfflineModule, flagsFor } = code.load<{
    OfflineModule: Type;
    flagsFor: (flags: object) => DynamicModule;
  }>('offline.module.ts');

  const flags = (await code.start(OfflineModule)).app.get(FlagService);
  expect(await flags.getStringValue('home-page', 'classic')).toBe('modern');
  expect(await flags.isEnabled('new-checkout', false, { plan: 'pro' })).toBe(true);
  await writeFile(join(folder, 'flags.json'), '{ "home-page": "edited" }');
  const homePage = (): Promise<string> => flags.getStringValue('home-page', 'classic');
  await waitUntil(async () => (await homePage()) === 'edited', 'the edit');

  const { app } = await code.start(flagsFor({ 'new-checkout': true, 'upload-limit': 3 }));
  expect(await app.get(FlagService).getNumberValue('upload-limit', 1)).toBe(3);
});

it('worker.module.ts: a binding evaluates the flags', async () => {
  const calls: unknown[] = [];
  const fails = () => Promise.reject(new Error('The wrong method was called.'));
  const FLAGS: FlagshipBinding = {
    getBooleanDetails: fails,
    getNumberDetails: fails,
    getObjectDetails: fails,
    getStringDetails: async (...call) => {
      calls.push(call);
      return { value: 'modern', variant: 'modern', reason: 'TARGETING_MATCH' };
    },
  };
  const { WorkerModule } = code.load<{ WorkerModule: { with: (env: object) => DynamicModule } }>(
    'worker.module.ts',
  );
  const { app } = await code.start(WorkerModule.with({ FLAGS }));
  const details = await app.get(FlagService).getStringDetails('home-page', 'classic', { plan: 'pro' });
  expect(details).toMatchObject({ value: 'modern', reason: 'TARGETING_MATCH' });
  expect(calls).toEqual([['home-page', 'classic', { plan: 'pro' }]]);
});

it('worker.ts: an application in a Worker answers with the flags of the binding', async () => {
  const unused = () => Promise.reject(new Error('The wrong method was called.'));
  const FLAGS: FlagshipBinding = {
    getBooleanDetails: unused,
    getNumberDetails: unused,
    getObjectDetails: unused,
    getStringDetails: (_, __, context) =>
      Promise.resolve({ value: context?.plan === 'pro' ? 'modern' : 'plain', reason: 'TARGETING_MATCH' }),
  };
  const work: Promise<unknown>[] = [];
  const { default: worker } = code.load<{
    default: { fetch: (request: Request, env: object, context: object) => Promise<Response> };
  }>('worker.ts');
  const page = async (plan: string): Promise<unknown> => {
    const context = { waitUntil: (promise: Promise<unknown>) => work.push(promise) };
    return (await worker.fetch(new Request(`http://shop.example/?plan=${plan}`), { FLAGS }, context)).json();
  };
  expect(await page('pro')).toEqual({ page: 'modern' });
  expect(await page('free')).toEqual({ page: 'plain' });
  const [first, second] = (await Promise.all(work)) as INestApplicationContext[];
  expect(second).toBe(first);
  await first?.close();
});

it('lambda.ts: an invocation refreshes definitions that are too old', async () => {
  const flagship = await code.startFlagship({ flags: { 'home-page': 'old' }, appId: 'lambda' });
  code.setEnvironment('FLAGSHIP_APP_ID', flagship.appId);
  const { handler, close } = loadLambda();
  const page = () => handler({ userId: 'ada' });
  expect(await page()).toEqual({ page: 'old' });
  flagship.setFlags({ 'home-page': 'new' });
  expect(await page()).toEqual({ page: 'old' });
  await close();

  code.setEnvironment('FLAGS_MAX_AGE_MS', '-1');
  const always = loadLambda();
  expect(await always.handler({ userId: 'ada' })).toEqual({ page: 'new' });
  flagship.setFlags({ 'home-page': 'newer' });
  expect(await always.handler({ userId: 'ada' })).toEqual({ page: 'newer' });
  await flagship.close();
  expect(await always.handler({ userId: 'ada' })).toEqual({ page: 'newer' });
  await always.close();
});

/** Loads the handler anew, and catches the application that it starts. */
function loadLambda() {
  let app: INestApplicationContext | undefined;
  const NestFactory = {
    createApplicationContext: async (module: Type) =>
      (app = await RealNestFactory.createApplicationContext(module)),
  };
  const { handler } = code.load<{ handler: (event: { userId: string }) => Promise<unknown> }>('lambda.ts', {
    '@nestjs/core': { NestFactory },
  });
  return { handler, close: async () => app?.close() };
}

it('the flags file is valid', async () => {
  const [file, ...others] = blocksOf(readme, 'json');
  expect(others).toEqual([]);
  const problems: string[] = [];
  const local = await startLocalFlagship({
    flags: JSON.parse(file?.code ?? '') as never,
    report: (problem) => problems.push(problem),
  });
  cleanUp(() => local.close());
  expect(problems).toEqual([]);
  const { url: baseUrl, appId, accountId } = local;
  const provider = new FlagshipServerProvider({ baseUrl, appId, accountId });
  cleanUp(() => provider.onClose());
  expect(await provider.resolveObjectEvaluation('look', {}, {})).toMatchObject({
    value: { accent: 'teal', radius: 8 },
    reason: 'STATIC',
  });
  expect(await provider.resolveBooleanEvaluation('new-checkout', false, { plan: 'pro' })).toMatchObject({
    value: true,
    reason: 'TARGETING_MATCH',
  });
});

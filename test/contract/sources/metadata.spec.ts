import { writeFileSync } from 'node:fs';
import { Controller, Get } from '@nestjs/common';
import { OpenFeature } from '@openfeature/server-sdk';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import {
  type EvaluationDetails,
  FlagDetails,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { useLog } from '../../fixtures/captured-log';
import { useApp } from '../../fixtures/use-app';
import { useFolder } from '../../fixtures/use-folder';
import { useServer } from '../../fixtures/use-server';
import { waitUntil } from '../../fixtures/wait-until';

const flag = { enabled: true, default_variation: 'on', variations: { on: true, off: false }, rules: [] };
const owned = { owner: 'checkout-team', expires: '2027-03-31', isCritical: true, rank: 2 };
const flags = {
  owned: { ...flag, metadata: owned, description: 'The new checkout.' },
  off: { ...flag, enabled: false, metadata: owned },
  text: { ...flag, variations: { on: 'modern' }, metadata: owned },
  partial: { ...flag, default_variation: 'absent', metadata: owned },
  own: { ...flag, metadata: { flagSetId: 'mine', version: 7 } },
  plain: flag,
};

useLog(/Flag "partial" is malformed/);
const apps = useApp();
const servers = useServer();
const folder = useFolder();

/** The metadata of what remote evaluation, local evaluation and other sources add. */
const ofApp = { flagSetId: 'the shop' };
const ofDefinitions = { ...ofApp, version: expect.stringMatching(/^[\w-]{43}$/) as string };

/** Starts an application, and returns its flags by `FlagService` and by the OpenFeature client. */
async function start(options: FlagshipProviderOptions) {
  const { app } = await apps.start({ imports: [FlagshipModule.forRoot(options)] });
  const service = app.get(FlagService);
  const client = OpenFeature.getClient();
  const ask = async (key: string, attributes = {}) => {
    const details = await service.getBooleanDetails(key, false, attributes);
    expect(Object.isFrozen(details.flagMetadata)).toBe(true);
    return details;
  };
  return { service, client, ask };
}

describe('the metadata of a flag', () => {
  let flagship: LocalFlagship;
  let remote: FlagshipProviderOptions;
  beforeAll(async () => {
    flagship = await servers.startFlagship({
      flags: { flags },
      appId: 'the shop',
      report: () => undefined,
    });
    const { url: baseUrl, accountId, appId } = flagship;
    remote = { baseUrl, accountId, appId, retries: 0 };
  });

  const path = () => {
    const file = folder('flags.json');
    writeFileSync(file, JSON.stringify({ flags: { ...flags, partial: flags.plain } }));
    return file;
  };
  const sources: [string, () => FlagshipProviderOptions, object][] = [
    ['a query', () => remote, ofApp],
    ['a body', () => ({ ...remote, contextTransport: 'body' }), ofApp],
    [
      'an endpoint',
      () => ({
        endpoint: `${flagship.url}/client/v4/accounts/local/flagship/apps/the%20shop/evaluate`,
        retries: 0,
      }),
      ofApp,
    ],
    ['local evaluation', () => ({ ...remote, localEvaluation: true }), ofDefinitions],
    ['a file', () => ({ definitions: path() }), {}],
    ['an object', () => ({ definitions: { flags: { ...flags, partial: flags.plain } } }), {}],
  ];
  it.each(sources)('comes with every answer from %s', async (_, options, app) => {
    const { client, ask } = await start(options());
    expect(await ask('owned')).toMatchObject({ value: true, flagMetadata: { ...app, ...owned } });
    expect(await ask('off')).toMatchObject({ reason: 'DISABLED', flagMetadata: { ...app, ...owned } });
    expect(await ask('text')).toMatchObject({
      errorCode: 'TYPE_MISMATCH',
      flagMetadata: { ...app, ...owned },
    });
    expect((await ask('own')).flagMetadata).toEqual({ ...app, flagSetId: 'mine', version: 7 });
    expect((await ask('plain')).flagMetadata).toEqual(app);
    expect(await ask('absent')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', flagMetadata: app });
    for (const key of ['owned', 'off', 'text', 'own', 'plain', 'absent'])
      expect(await ask(key)).toEqual(await client.getBooleanDetails(key, false));
  });

  it.each<[string, FlagshipModuleOptions]>([
    ['no hooks', {}],
    ['hooks', { hooks: [{ after: () => undefined }] }],
  ])('reaches parameters and later readers of the same request, with %s', async (_, options) => {
    @Controller()
    class OwnerController {
      constructor(private readonly service: FlagService) {}

      @Get('owner')
      async owner(@FlagDetails('owned', false) details: EvaluationDetails<boolean>) {
        const again = await this.service.getBooleanDetails('owned', false);
        const other = await this.service.getStringDetails('owned', '');
        return [details, again, other].map(({ flagMetadata }) => flagMetadata);
      }
    }
    const { http } = await apps.start({
      imports: [FlagshipModule.forRoot({ ...remote, ...options })],
      controllers: [OwnerController],
    });
    const expected = { ...ofApp, ...owned };
    await http.get('/owner').expect(200, [expected, expected, expected]);
  });

  it('comes with a flag that is malformed for this context, where the definitions are at hand', async () => {
    const { ask } = await start({ ...remote, localEvaluation: true, logging: false });
    expect(await ask('partial')).toMatchObject({
      errorCode: 'PARSE_ERROR',
      flagMetadata: { ...ofDefinitions, ...owned },
    });
    expect(await ask('owned', { nan: NaN })).toMatchObject({
      errorCode: 'INVALID_CONTEXT',
      flagMetadata: { ...ofDefinitions, ...owned },
    });
    expect(await ask('x'.repeat(2000))).toMatchObject({
      errorCode: 'FLAG_NOT_FOUND',
      flagMetadata: ofDefinitions,
    });
  });

  it('comes with cached and stale answers, and with those of a memo', async () => {
    const scripted = await servers.start(
      { body: { flagKey: 'owned', value: true, variant: 'on', reason: 'STATIC', metadata: owned } },
      { status: 503 },
    );
    const { service, client, ask } = await start({
      ...remote,
      baseUrl: scripted.url,
      cacheTtl: 1,
      staleTtl: 600_000,
    });
    const expected = { ...ofApp, ...owned };
    expect(await ask('owned')).toMatchObject({ reason: 'STATIC', flagMetadata: expected });
    await waitUntil(async () => (await ask('owned')).reason === 'STALE', 'a stale answer');
    expect(await ask('owned')).toMatchObject({ reason: 'STALE', flagMetadata: expected });
    expect((await client.getBooleanDetails('owned', false)).flagMetadata).toEqual(expected);
    await service.withContext({ plan: 'pro' }, async () => {
      for (const key of ['owned', 'owned']) expect((await ask(key)).flagMetadata).toEqual(ofApp);
    });
  });

  it('comes with answers of the shared store, whose entries hold no metadata of the app', async () => {
    const entries = new Map<string, string>();
    const cacheStore = createCache({ stores: [new Keyv({ store: entries })] });
    const options = { ...remote, cacheTtl: 600_000, cacheStore };
    const { ask } = await start(options);
    const isKept = (key: string) => [...entries].find(([name]) => name.includes(`:boolean:${key}:`));
    for (const key of ['owned', 'own', 'plain']) {
      await ask(key);
      await waitUntil(() => isKept(key) !== undefined, `an entry for ${key}`);
    }
    expect(isKept('plain')?.[1]).not.toContain('metadata');
    expect(isKept('owned')?.[1]).toContain('checkout-team');
    expect(isKept('owned')?.[1]).not.toContain('the shop');
    const second = new FlagshipServerProvider(options);
    await second.initialize();
    const cached = async (key: string) => second.resolveBooleanEvaluation(key, false, {});
    expect(await cached('owned')).toMatchObject({ reason: 'CACHED', flagMetadata: { ...ofApp, ...owned } });
    expect((await cached('own')).flagMetadata).toEqual({ flagSetId: 'mine', version: 7 });
    expect((await cached('plain')).flagMetadata).toEqual(ofApp);
    expect(second.stats().upstream?.requests).toBe(0);
    await second.onClose();
  });
});

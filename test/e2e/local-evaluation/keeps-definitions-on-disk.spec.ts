import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { FlagService, type FlagshipProviderOptions } from 'nestjs-flagship';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { shop } from '../../fixtures/shop-app';
import { waitUntil } from '../../fixtures/wait-until';
import { useLocalEvaluation } from '../../fixtures/use-local-evaluation';
import { useApp } from '../../fixtures/use-app';

const local = useLocalEvaluation();
const apps = useApp();
const page = '<!DOCTYPE html><html><body>Bad gateway</body></html>';

describe('definitionsCache', () => {
  let folder: string;
  let definitionsCache: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagship-'));
    definitionsCache = join(folder, 'kept.json');
  });
  afterEach(() => {
    chmodSync(folder, 0o700);
    // A provider that is closed after this may still be writing.
    rmSync(folder, { recursive: true, maxRetries: 10 });
  });

  const loadOnce = async (flags: Record<string, unknown>, options: Partial<FlagshipProviderOptions> = {}) => {
    local.server.script(serves(flags, '"1"'));
    const provider = local.create({ definitionsCache, ...options });
    await provider.initialize();
    await provider.onClose();
  };
  const away = { status: 503 };

  it('is written whole, for its owner only, and leaves no drafts', async () => {
    await loadOnce(fixedFlags({ a: 'one' }), { authToken: 's3cret' });
    expect(statSync(definitionsCache).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['kept.json']);
    expect(readFileSync(definitionsCache, 'utf8')).toContain('one');
    expect(readFileSync(definitionsCache, 'utf8')).not.toContain('s3cret');
    expect(local.warnings).toEqual([]);
  });

  it('is replaced by another file, so that a process that has it open reads the old one to its end', async () => {
    await loadOnce(fixedFlags({ a: 'one' }));
    const { ino } = statSync(definitionsCache);
    writeFileSync(join(folder, 'held'), '');
    await loadOnce(fixedFlags({ a: 'two' }));
    expect(statSync(definitionsCache).ino).not.toBe(ino);
    expect(readFileSync(definitionsCache, 'utf8')).toContain('two');
  });

  it('becomes readable for its owner alone if it was readable for others', async () => {
    writeFileSync(definitionsCache, '{}', { mode: 0o644 });
    await loadOnce({});
    expect(statSync(definitionsCache).mode & 0o777).toBe(0o600);
  });

  it('follows each change, and only changes', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider } = await local.start({ definitionsCache });
    const before = statSync(definitionsCache);
    await provider.refresh();
    expect(statSync(definitionsCache).ino).toBe(before.ino);
    local.server.script(serves(fixedFlags({ a: 'two' }), '"2"'));
    await provider.refresh();
    expect(readFileSync(definitionsCache, 'utf8')).toContain('two');
    local.server.script({ body: page });
    await provider.refresh();
    expect(readFileSync(definitionsCache, 'utf8')).toContain('two');
  });

  it('is used if Flagship is away at start: the provider is stale, logs a warning, and recovers later', async () => {
    await loadOnce(fixedFlags({ a: 'one', b: 'same' }));
    local.server.script(away);
    const { provider, client, events, value } = await local.start({ definitionsCache });
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(events).toEqual(['stale']);
    expect(local.warnings).toEqual([
      expect.stringMatching(/download from Flagship has failed.*kept on disk.*503/),
    ]);
    expect(await value('a')).toBe('one');
    expect(await provider.refresh()).toBe(false);
    expect(events).toEqual(['stale']);
    local.server.script(serves(fixedFlags({ a: 'two', b: 'same' })));
    expect(await provider.refresh()).toBe(true);
    expect(events).toEqual(['stale', 'changed a', 'ready']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('lets an application start without Flagship, and recover by itself', async () => {
    await loadOnce(fixedFlags({ 'home-page': 'kept' }));
    local.server.script(away);
    const told: string[] = [];
    const { app } = await apps.start(
      shop({
        endpoint: `${local.server.url}/evaluate`,
        accountId: 'account',
        localEvaluation: true,
        refreshInterval: 20,
        retries: 0,
        definitionsCache,
        handlers: [
          [ProviderEvents.Stale, () => void told.push('stale')],
          [ProviderEvents.Ready, () => void told.push('ready')],
        ],
      }),
    );
    const flags = app.get(FlagService);
    expect(told).toEqual(['stale']);
    expect(await flags.getStringValue('home-page', '?')).toBe('kept');
    const page = (): Promise<string> => flags.getStringValue('home-page', '?');
    local.server.script(serves(fixedFlags({ 'home-page': 'fresh' })));
    await waitUntil(async () => (await page()) === 'fresh', 'it recovers');
    await waitUntil(() => told.length > 1, 'it says so');
    expect(told).toEqual(['stale', 'ready']);
  });

  it('is not used if the token is refused', async () => {
    await loadOnce(fixedFlags({ a: 'one' }));
    local.server.script({ status: 401 });
    const { client, codeOf } = await local.start({ definitionsCache });
    expect(client.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await codeOf('a')).toBe('PROVIDER_FATAL');
  });

  const kept = (content: object) => JSON.stringify({ format: 1, definitions: '{"flags":{}}', ...content });
  const unusable: readonly (readonly [string, (() => string) | undefined, RegExp])[] = [
    ['that is not there', undefined, /ENOENT/],
    ['that is cut short', () => '{"format":1,"ori', /JSON/],
    ['that is empty', () => '', /JSON/],
    [
      'of another format',
      () => kept({ format: 2, origin: `${local.server.url}/evaluate` }),
      /not a file of kept/,
    ],
    ['that is a flags file', () => '{"flags":{"a":"x"}}', /not a file of kept/],
    ['that is a list', () => '[]', /not a file of kept/],
    ['of another app', () => kept({ origin: `${local.server.url}/other/evaluate` }), /another app/],
    [
      'whose definitions are broken',
      () => kept({ origin: `${local.server.url}/evaluate`, definitions: '{' }),
      /JSON/,
    ],
    [
      'without flags',
      () => kept({ origin: `${local.server.url}/evaluate`, definitions: '{}' }),
      /no object "flags"/,
    ],
  ];
  it.each(unusable)('is refused with a warning: a file %s', async (_, content, problem) => {
    if (content !== undefined) writeFileSync(definitionsCache, content());
    local.server.script(away);
    const { client, codeOf, value } = await local.start({ definitionsCache, refreshInterval: 20 });
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await codeOf('a')).toBe('PROVIDER_NOT_READY');
    expect(local.warnings).toEqual([expect.stringMatching(/"definitionsCache"\) cannot be used/)]);
    expect(local.warnings[0]).toMatch(problem);
    local.server.script(serves(fixedFlags({ a: 'one' })));
    await waitUntil(async () => (await value('a')) === 'one', 'the flags come alive');
  });

  it('logs a warning if it cannot be written', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' })));
    const { client, value } = await local.start({
      definitionsCache: join(folder, 'no', 'such', 'folder.json'),
    });
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await value('a')).toBe('one');
    expect(local.warnings).toEqual([expect.stringMatching(/could not be kept.*"definitionsCache".*ENOENT/)]);
  });

  it('leaves no draft if it cannot replace the file', async () => {
    definitionsCache = folder;
    local.server.script(serves({}));
    await local.start({ definitionsCache });
    expect(local.warnings).toEqual([expect.stringMatching(/could not be kept/)]);
    expect(readdirSync(tmpdir()).filter((name) => join(tmpdir(), name).startsWith(`${folder}.`))).toEqual([]);
    expect(existsSync(folder)).toBe(true);
  });
});

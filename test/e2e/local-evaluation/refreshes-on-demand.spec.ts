import { FlagService } from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { serves } from '../../fixtures/definitions';
import { shop } from '../../fixtures/shop-app';
import { useLocalEvaluation } from '../../fixtures/use-local-evaluation';
import { useApp } from '../../fixtures/use-app';
import { useServer } from '../../fixtures/use-server';

const local = useLocalEvaluation();
const apps = useApp();
const servers = useServer();

describe('FlagService.refresh()', () => {
  let flagship: LocalFlagship;
  beforeEach(async () => {
    flagship = await servers.startFlagship({ flags: { 'home-page': 'classic' } });
  });

  it('downloads at once and returns true, or false if Flagship is away or the application is closed', async () => {
    const { url: baseUrl, appId, accountId } = flagship;
    const { app } = await apps.start(shop({ baseUrl, appId, accountId, localEvaluation: true, retries: 0 }));
    const flags = app.get(FlagService);
    expect(await flags.getStringValue('home-page', '?')).toBe('classic');
    flagship.setFlags({ 'home-page': 'modern' });
    expect(await flags.refresh()).toBe(true);
    expect(await flags.getStringValue('home-page', '?')).toBe('modern');
    await flagship.close();
    expect(await flags.refresh()).toBe(false);
    expect(await flags.getStringValue('home-page', '?')).toBe('modern');
    await app.close();
    expect(await flags.getStringValue('home-page', '?')).toBe('?');
  });

  it('returns true without local evaluation', async () => {
    const { url: baseUrl, appId, accountId } = flagship;
    const { app } = await apps.start(shop({ baseUrl, appId, accountId }));
    expect(await app.get(FlagService).refresh()).toBe(true);
  });

  it('joins a refresh that is under way', async () => {
    local.server.script(serves({}));
    const { provider } = await local.start();
    local.server.script(serves({}));
    expect(await Promise.all([provider.refresh(), provider.refresh(), provider.refresh()])).toEqual([
      true,
      true,
      true,
    ]);
    expect(local.server.requests).toHaveLength(1);
    await provider.refresh();
    expect(local.server.requests).toHaveLength(2);
  });

  it('returns false without a request after the provider is closed', async () => {
    local.server.script(serves({}));
    const { provider } = await local.start();
    await provider.onClose();
    expect(await provider.refresh()).toBe(false);
    expect(local.server.requests).toHaveLength(1);
  });
});

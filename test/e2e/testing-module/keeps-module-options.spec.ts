import { Injectable, Module } from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client, type Hook, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { FlagshipTestingModule } from 'nestjs-flagship/testing';
import { HomeService } from '../../fixtures/shop-app';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useTestingShop } from '../../fixtures/use-testing-shop';

const { apps, shop } = useTestingShop();
const cleanUp = useCleanup();

describe("the module's own options", () => {
  it('hold in a testing module: contexts, hooks once per evaluation, handlers once per change', async () => {
    const hooked: string[] = [];
    const changes: unknown[] = [];
    const hook: Hook = { after: ({ flagKey }) => void hooked.push(flagKey) };
    const { http, flags } = await shop(
      { 'home-page': 'modern' },
      {
        context: { region: 'eu' },
        requestContext: { userId: 'x-user' },
        contextFactory: (execution) => ({ handler: execution.getHandler().name }),
        hooks: [hook],
        handlers: [
          [
            ProviderEvents.ConfigurationChanged,
            (event) => void changes.push((event as { flagsChanged: string[] }).flagsChanged),
          ],
        ],
      },
    );
    await http.get('/context').set('x-user', 'ann').expect(200, {
      region: 'eu',
      targetingKey: 'ann',
      handler: 'context',
    });
    await http.get('/home').set('x-user', 'ann').expect(200);
    // The injected client asks anew.
    expect(hooked).toEqual(['home-page', 'home-page']);
    flags.set({ 'home-page': 'bare', limit: 3 });
    flags.setFor('ann', 'look', {});
    flags.fail('other', 'GENERAL');
    flags.reset();
    flags.reset();
    expect(changes).toEqual([
      ['home-page', 'limit'],
      ['look'],
      ['other'],
      ['home-page', 'limit', 'look', 'other'],
    ]);
  });

  it('make it visible only where it is imported, with isGlobal: false', async () => {
    const local = FlagshipTestingModule.forRoot({}, { isGlobal: false });
    @Module({ imports: [local], providers: [HomeService], exports: [HomeService] })
    class HomeModule {}
    @Module({ providers: [HomeService] })
    class ElsewhereModule {}
    const testing = await apps.compile({ imports: [HomeModule] });
    expect(await testing.get(HomeService).page()).toBe('classic');
    // What never came up cannot be closed.
    cleanUp(() => OpenFeature.clearProviders());
    await expect(apps.compile({ imports: [local, ElsewhereModule] })).rejects.toThrow(
      /HomeService.*FlagService/s,
    );
  });

  it('register it for a domain, with its client', async () => {
    @Injectable()
    class Reads {
      constructor(@OpenFeatureClient({ domain: 'billing' }) readonly client: Client) {}
    }
    const testing = await apps.compile({
      imports: [FlagshipTestingModule.forRoot({ page: 'billing' }, { domain: 'billing' })],
      providers: [Reads],
    });
    expect(await testing.get(Reads).client.getStringValue('page', '?')).toBe('billing');
    expect(await OpenFeature.getClient('billing').getStringValue('page', '?')).toBe('billing');
  });
});

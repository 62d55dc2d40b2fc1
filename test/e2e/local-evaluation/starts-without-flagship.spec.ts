import { ProviderStatus } from '@openfeature/server-sdk';
import { FlagService } from 'nestjs-flagship';
import { closedPort } from '../../fixtures/closed-port';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { shop } from '../../fixtures/shop-app';
import { type ScriptedAnswer } from '../../fixtures/scripted-server';
import { waitUntil } from '../../fixtures/wait-until';
import { useLocalEvaluation } from '../../fixtures/use-local-evaluation';
import { useApp } from '../../fixtures/use-app';
import { useServer } from '../../fixtures/use-server';

const local = useLocalEvaluation();
const apps = useApp();
const servers = useServer();
const never = () => undefined;
const page = '<!DOCTYPE html><html><body>Bad gateway</body></html>';

describe('a start without Flagship', () => {
  it.each([401, 403])('is fatal after HTTP %i, and not repeated', async (status) => {
    local.server.script({ status });
    const { client, codeOf } = await local.start({ refreshInterval: 1, retries: 3, retryDelay: 0 });
    expect(client.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await codeOf('a')).toBe('PROVIDER_FATAL');
    // Another provider with the same interval has asked several times meanwhile.
    local.server.script(serves({}));
    const other = local.create({ refreshInterval: 1, headers: { 'x-other': '1' } });
    await other.initialize();
    await local.server.received(5);
    await other.onClose();
    expect(local.server.requests.filter(({ headers }) => headers['x-other'] === undefined)).toEqual([]);
  });

  const failures: readonly (readonly [string, ScriptedAnswer])[] = [
    ['503', { status: 503 }],
    ['404', { status: 404 }],
    ['a cut connection', (response) => void response.destroy()],
    ['a page', { body: page }],
    ['no flags', { body: {} }],
    ['no answer in time', never],
  ];
  it.each(failures)(
    'answers defaults after %s until the definitions arrive by themselves',
    async (_, failure) => {
      local.server.script(failure);
      const { client, value, codeOf, events } = await local.start({ refreshInterval: 20, timeout: 200 });
      expect(client.providerStatus).toBe(ProviderStatus.ERROR);
      expect(await codeOf('a')).toBe('PROVIDER_NOT_READY');
      expect(await value('a', 'mine')).toBe('mine');
      local.server.script(serves(fixedFlags({ a: 'one' })));
      await waitUntil(async () => (await value('a')) === 'one', 'the flags come alive');
      await waitUntil(() => events.length > 0, 'the event');
      expect(events).toEqual(['ready']);
      expect(client.providerStatus).toBe(ProviderStatus.READY);
    },
  );

  it('lets the application start', async () => {
    const port = await closedPort();
    const { app } = await apps.start(
      shop({
        endpoint: `http://127.0.0.1:${port}/evaluate`,
        accountId: 'account',
        localEvaluation: true,
        refreshInterval: 20,
        retries: 0,
        domain: 'late',
      }),
    );
    const flags = app.get(FlagService);
    expect(await flags.getStringDetails('home-page', 'classic')).toMatchObject({
      value: 'classic',
      errorCode: 'PROVIDER_NOT_READY',
    });
    expect(local.warnings).toEqual([expect.stringMatching(/did not start.*cannot be reached/)]);
    await servers.startFlagship({ flags: { 'home-page': 'modern' }, accountId: 'account', port });
    // The port is served now, but not under this path: still no flags.
    expect(await flags.refresh()).toBe(false);
  });

  it('recovers by refresh() as well', async () => {
    local.server.script({ status: 503 });
    const { provider, value, events } = await local.start();
    local.server.script(serves(fixedFlags({ a: 'one' })));
    expect(await provider.refresh()).toBe(true);
    expect(await value('a')).toBe('one');
    expect(events).toEqual(['ready']);
  });
});

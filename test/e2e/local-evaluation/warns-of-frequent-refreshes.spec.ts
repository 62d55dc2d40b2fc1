import { FlagshipServerProvider } from 'nestjs-flagship';
import { useLog } from '../../fixtures/captured-log';
import { fixedFlags } from '../../fixtures/definitions';
import { useCleanup } from '../../fixtures/use-cleanup';

const lines = useLog();
const cleanUp = useCleanup();

/** Opens a provider that takes its definitions from a function in the place of Cloudflare's API. */
async function open(refreshInterval: number, baseUrl?: string): Promise<FlagshipServerProvider> {
  const body = JSON.stringify({ flags: fixedFlags({ a: 'one' }) });
  const provider = new FlagshipServerProvider({
    appId: 'shop',
    accountId: 'account',
    baseUrl,
    localEvaluation: true,
    refreshInterval,
    fetch: () => Promise.resolve(new Response(body)),
  });
  cleanUp(() => provider.onClose());
  await provider.initialize();
  return provider;
}

describe('an interval at which few instances exceed the limit of Cloudflare’s API', () => {
  it.each([
    [999, '301'],
    [500, '600'],
    [250, '1,200'],
    [1, '300,000'],
  ])('is warned of, with the limit: %d ms', async (refreshInterval, calls) => {
    const provider = await open(refreshInterval);
    await provider.refresh();
    await provider.onClose();
    await provider.initialize();
    expect(lines).toEqual([
      `warn The option "refreshInterval" is ${refreshInterval} ms: each instance makes ${calls} calls in five minutes, and Cloudflare's API accepts 1,200 from all that share a token.`,
    ]);
  });

  it.each([1000, 30_000])('is longer than %d ms', async (refreshInterval) => {
    await open(refreshInterval);
    expect(lines).toEqual([]);
  });

  it.each(['http://localhost:8787', 'http://127.0.0.1:8787', 'http://[::1]:8787'])(
    'is none with a Flagship on this machine: %s',
    async (baseUrl) => {
      await open(1, baseUrl);
      expect(lines).toEqual([]);
    },
  );
});

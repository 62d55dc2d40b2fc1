import fc from 'fast-check';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { captureOutput } from '../fixtures/captured-output';
import { answer, askNew } from '../fixtures/open-providers';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useServer } from '../fixtures/use-server';
import { useCleanup } from '../fixtures/use-cleanup';

const servers = useServer();
let server: ScriptedServer;
const cleanUp = useCleanup();
captureOutput();

beforeAll(async () => (server = await servers.start()));

const clients: Readonly<Record<string, Partial<FlagshipProviderOptions>>> = {
  'the built-in client': {},
  'the global fetch': { fetch: (...args) => globalThis.fetch(...args) },
};
function open(options: Partial<FlagshipProviderOptions>): FlagshipServerProvider {
  const provider = new FlagshipServerProvider({
    endpoint: `${server.url}/evaluate`,
    retries: 1,
    retryDelay: 0,
    circuitBreaker: { threshold: 1, halfOpenAfter: 60_000 },
    ...options,
  });
  cleanUp(() => provider.onClose());
  return provider;
}

describe.each(Object.entries(clients))('with %s', (_, client) => {
  it.each([[['5', '5']], [['0', '0']], [['1.5']], [['-5']], [['soon', '']]])(
    'a Retry-After of %j is repeated after the usual pause, and counts for the circuit',
    async (lines) => {
      const fail = (response: { writeHead(status: number, headers: string[]): { end(): void } }): void =>
        response
          .writeHead(
            503,
            lines.flatMap((line) => ['retry-after', line]),
          )
          .end();
      server.script(fail, answer(true));
      expect(await askNew(open(client))).toMatchObject({ value: true });
      expect(server.requests).toHaveLength(2);

      server.script(fail);
      const provider = open(client);
      expect((await askNew(provider)).errorMessage).toMatch(/^Flagship answered HTTP 503\./);
      expect(server.requests).toHaveLength(2);
      expect(provider.stats().circuit?.state).toBe('open');
    },
  );

  it('whatever headers say, the status decides', async () => {
    const text = fc.stringMatching(/^[\x21-\x7e\x80-\xff]{0,20}$/);
    const header = fc.tuple(fc.constantFrom('retry-after', 'etag', 'content-type', 'x-other'), text);
    const good = answer(true);
    await fc.assert(
      fc.asyncProperty(
        fc.array(header, { maxLength: 6 }),
        fc.constantFrom(200, 400, 429, 503),
        async (lines, status) => {
          server.script((response) => {
            // A date, which is what a server may ask for, would be waited for.
            const safe = lines.filter(([name, value]) => name !== 'retry-after' || !/^\d+$/.test(value));
            response.writeHead(status, safe.flat()).end(JSON.stringify(good.body));
          });
          const provider = open(client);
          const { value, errorMessage = '' } = await askNew(provider);
          if (status === 200) expect(value).toBe(true);
          else expect(errorMessage).toContain(`HTTP ${status}`);
          expect(server.requests).toHaveLength(status > 400 ? 2 : 1);
          await provider.onClose();
        },
      ),
      { numRuns: 60 },
    );
  }, 180_000);

  it.each([['"a"', '"b"'], ['a b'], ['ü'], ['x'.repeat(2000)]])(
    'definitions are refreshed after an ETag of %j, …',
    async (...tags) => {
      server.script((response) => {
        response
          .writeHead(
            200,
            tags.flatMap((tag) => ['etag', tag]),
          )
          .end('{"flags":{}}');
      });
      const provider = open({ ...client, localEvaluation: true, accountId: 'a' });
      await provider.initialize();
      expect(await provider.refresh()).toBe(true);
      expect(await provider.refresh()).toBe(true);
      expect(server.requests).toHaveLength(3);
      for (const { headers } of server.requests) expect(headers['if-none-match']).toBeUndefined();
    },
  );
});

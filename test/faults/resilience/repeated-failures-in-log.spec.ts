import { type Logger } from '@openfeature/server-sdk';
import { openProviders, times } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useServer } from '../../fixtures/use-server';

const LONG = 60_000;

const cleanUp = useCleanup();
const servers = useServer();
let server: ScriptedServer;
const open = openProviders(() => server);

beforeAll(async () => (server = await servers.start()));

it('a repeated failure is logged once, and then once a minute with how often it occurred', async () => {
  server.script({ status: 500 });
  const lines: string[] = [];
  const never = () => undefined;
  const log: Logger = {
    debug: never,
    info: never,
    warn: never,
    error: (line: unknown) => void lines.push(String(line)),
  };
  const provider = open({ logging: true, circuitBreaker: false });
  const ask = (index: number) =>
    provider.resolveBooleanEvaluation('flag', false, { targetingKey: `u${index}` }, log);
  for (let round = 0; round < 4; round++) await Promise.all(times(50, ask));
  expect(lines).toEqual([expect.stringMatching(/"flag".*HTTP 500/)]);

  const now = performance.now.bind(performance);
  const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + LONG);
  cleanUp(() => {
    later.mockRestore();
  });
  await Promise.all(times(50, ask));
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/"flag".*HTTP 500.*\(200 more since the last line\)/),
  ]);
});

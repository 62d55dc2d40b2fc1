import { type Logger } from '@openfeature/server-sdk';
import { within } from '../../../tools/waiting.cjs';
import { answer, askFlag, askNew, holdAnswers, openProviders, times } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useBuiltPackage } from '../../fixtures/use-built-package';

const LONG = 60_000;
/** Only tells a refusal from a wait. */
const AT_ONCE = 30_000;

const cleanUp = useCleanup();
const servers = useServer();
let server: ScriptedServer;
const open = openProviders(() => server);

beforeAll(async () => (server = await servers.start()));

describe('maxConcurrent', () => {
  it('leaves the default to what goes beyond it, at once, and names itself', async () => {
    const { hold, give } = holdAnswers();
    server.script(hold);
    const provider = open({ maxConcurrent: 3, timeout: LONG });
    const waiting = times(3, (index) => askFlag(provider, { targetingKey: `u${index}` }));
    await server.received(3);
    for (const details of await within(AT_ONCE, Promise.all(times(100, () => askNew(provider))))) {
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
      expect(details.errorMessage).toMatch(/^3 .*"maxConcurrent"/);
    }
    const joined = times(3, (index) => askFlag(provider, { targetingKey: `u${index}` }));
    expect(server.requests).toHaveLength(3);
    for (let index = 0; index < 3; index++) give(answer(true));
    for (const details of await Promise.all([...waiting, ...joined])) expect(details.value).toBe(true);

    server.script(answer(true));
    expect(await askNew(provider)).toMatchObject({ value: true });
  });

  it('has room again after failures, and after closing', async () => {
    server.script({ status: 500 });
    const provider = open({ maxConcurrent: 1, timeout: LONG, circuitBreaker: false });
    for (let round = 0; round < 5; round++) expect((await askNew(provider)).errorMessage).toMatch(/HTTP 500/);
    server.script(() => undefined);
    const hanging = askNew(provider);
    await server.received(1);
    await provider.onClose();
    await provider.initialize();
    await hanging;
    server.script(answer(true));
    for (let round = 0; round < 3; round++) expect(await askNew(provider)).toMatchObject({ value: true });
  });

  it('is no failure of Flagship: the circuit takes no notice', async () => {
    const { hold, give } = holdAnswers();
    server.script(hold);
    const provider = open({ maxConcurrent: 1, timeout: LONG, circuitBreaker: { threshold: 1 } });
    const waiting = askNew(provider);
    await server.received(1);
    for (let round = 0; round < 5; round++) await askNew(provider);
    expect(provider.stats().circuit?.state).toBe('closed');
    give(answer(true));
    await waiting;
  });
});

it('logging tells of a failure once, and then once a minute how often it came again', async () => {
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

describe('in a process of its own', () => {
  const MEGABYTE = 2 ** 20;
  const built = useBuiltPackage();

  /** Asks for many users, and tells by how many bytes the heap has grown after the first tenth. */
  const program = (options: string, users: number): string => `
    const { FlagshipServerProvider } = require('./dist');
    const provider = new FlagshipServerProvider(${options});
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const heap = async () => {
      for (let round = 0; round < 5; round++) { await turn(); gc(); }
      return process.memoryUsage().heapUsed;
    };
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const ask = (id) => provider.resolveObjectEvaluation('flag', {}, { targetingKey: 'user-' + id, plan: 'pro' }, silent);
    (async () => {
      let start = 0;
      for (let id = 0; id < ${users}; id += 1000) {
        if (id === ${users / 10}) start = await heap();
        await Promise.all(Array.from({ length: 1000 }, (_, index) => ask(id + index)));
        await turn();
      }
      const grown = (await heap()) - start;
      const { cached, evaluations, errors } = provider.stats();
      process.stdout.write(JSON.stringify({ grown, cached, evaluations, errors }));
      await provider.onClose();
    })();`;
  async function run(options: string, users: number) {
    const { ended, output, errors } = built.run('--expose-gc', '-e', program(options, users));
    expect([await ended, errors()]).toEqual([[0, null], '']);
    return JSON.parse(output()) as { grown: number; cached: number; evaluations: number; errors: number };
  }
  const binding = (result: string) =>
    `binding: (() => { const ask = async () => (${result}); return {
      getBooleanDetails: ask, getStringDetails: ask, getNumberDetails: ask, getObjectDetails: ask }; })()`;
  const fetchOf = (status: number, body: string) =>
    `endpoint: 'http://127.0.0.1:1/evaluate', retries: 0, circuitBreaker: false,
      fetch: async () => ({ status: ${status}, text: async () => '${body}' })`;
  const right = `{"flagKey":"flag","value":{"list":[1,2,3]},"variant":"on","reason":"STATIC"}`;

  it.each([
    ['answers', binding('{ value: { list: [1, 2, 3] } }'), 200_000, 0, 1000],
    ['missing flags', binding("{ value: null, errorCode: 'FLAG_NOT_FOUND' }"), 50_000, 50_000, 1000],
    [
      'failures, each another one',
      binding("{ value: null, errorCode: 'GENERAL', errorMessage: String(Math.random()) }"),
      50_000,
      50_000,
      0,
    ],
    ['answers over HTTP', fetchOf(200, right), 20_000, 0, 1000],
    ['failures over HTTP', fetchOf(500, ''), 20_000, 20_000, 0],
  ])(
    '%s for users without number do not fill the memory',
    async (_, source, users, errors, cached) => {
      const result = await run(
        `{ cacheTtl: 60000, staleTtl: 60000, negativeTtl: 60000, cacheMaxSize: 1000, logging: true, ${source} }`,
        users,
      );
      expect(result).toMatchObject({ evaluations: users, errors, cached });
      expect(result.grown).toBeLessThan(20 * MEGABYTE);
    },
    300_000,
  );
});

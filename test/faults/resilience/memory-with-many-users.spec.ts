import { useBuiltPackage } from '../../fixtures/use-built-package';

describe('the memory of a process', () => {
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
    const child = built.run('--expose-gc', '-e', program(options, users));
    expect([await child.ended, child.errors()]).toEqual([[0, null], '']);
    return JSON.parse(child.output()) as {
      grown: number;
      cached: number;
      evaluations: number;
      errors: number;
    };
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
    'is not filled by %s for many thousand users',
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

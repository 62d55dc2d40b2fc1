import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalFlagship, type LocalFlagshipOptions, startLocalFlagship } from 'nestjs-flagship/local';
import { waitUntil } from '../../tools/waiting.cjs';
import { useProcessWatch } from '../fixtures/use-process-watch';
import { useCleanup } from '../fixtures/use-cleanup';

const PATH = '/client/v4/accounts/local/flagship/apps/local/evaluate?flagKey=a';

let told: string[];
const cleanUp = useCleanup();
useProcessWatch();
beforeEach(() => {
  told = [];
  cleanUp(() => jest.restoreAllMocks());
  jest.spyOn(console, 'error').mockImplementation((line) => void told.push(String(line)));
});

async function start(options: LocalFlagshipOptions): Promise<LocalFlagship> {
  const flagship = await startLocalFlagship(options);
  cleanUp(() => flagship.close());
  return flagship;
}
const valueOf = async ({ url }: LocalFlagship): Promise<unknown> => {
  const response = await fetch(`${url}${PATH}`);
  return ((await response.json()) as { value?: unknown }).value;
};

function flagsFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flags-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'flags.json');
  writeFileSync(path, content);
  return path;
}

const broken: [string, LocalFlagshipOptions['report']][] = [
  [
    'throws',
    () => {
      throw new Error('no report');
    },
  ],
  [
    'throws what is no error',
    () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- anything can be thrown
      throw undefined;
    },
  ],
  ['rejects', () => Promise.reject(new Error('no report')) as never],
  [
    'returns a broken thenable',
    () =>
      ({
        get then() {
          throw new Error('no report');
        },
      }) as never,
  ],
];

describe.each(broken)('a report that %s', (_, report) => {
  it('neither ends the process nor stops the following of edits; the console has the problem', async () => {
    const path = flagsFile('{"a": 1}');
    const flagship = await start({ flags: path, report });
    writeFileSync(path, '{"a": 2;}');
    await waitUntil(() => told.length > 0, 'the problem on the console');
    expect(told[0]).toMatch(/\[local Flagship\] .*not valid JSON.*"report" has failed/);
    expect(await valueOf(flagship)).toBe(1);
    writeFileSync(path, '{"a": 33}');
    await waitUntil(async () => (await valueOf(flagship)) === 33, 'the next edit');
  });

  it('does not keep the server from its start, or setFlags from its work', async () => {
    const malformed = { enabled: true, default_variation: 'a', variations: { a: 1 }, rules: 'none' };
    const flagship = await start({ flags: { bad: malformed as never, a: 1 }, report });
    flagship.setFlags({ bad: { ...malformed, rules: 7 } as never, a: 2 });
    expect(await valueOf(flagship)).toBe(2);
  });
});

describe('the server', () => {
  it('goes on after an error event', async () => {
    const created = jest.spyOn(http, 'createServer');
    const reported: string[] = [];
    const flagship = await start({ flags: { a: 1 }, report: (problem) => reported.push(problem) });
    const server = created.mock.results.at(-1)?.value as http.Server;
    for (const problem of ['accept EMFILE', 'accept ENFILE']) server.emit('error', new Error(problem));
    expect(reported).toEqual([
      expect.stringMatching(/accept EMFILE/),
      expect.stringMatching(/accept ENFILE/),
    ]);
    expect(await valueOf(flagship)).toBe(1);
  });

  const half = `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"flagKey":`;
  it.each([
    ['a target that is no URL', 'GET http://[ HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['a target of percent signs', 'GET /%%% HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['what is no HTTP', '\u0000\u0001\r\n\r\n'],
    ['a body that ends half-way', half],
    ['a tunnel', 'CONNECT localhost:1 HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    [
      'another protocol',
      `GET ${PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    ],
    [
      'an expectation',
      `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\nexpect: tea\r\ncontent-length: 2\r\n\r\n{}`,
    ],
    ['a method of its own', `BREW ${PATH} HTTP/1.1\r\nhost: localhost\r\n\r\n`],
    ['many requests at once', `GET ${PATH} HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(200)],
  ])('goes on after %s, however the connection ends', async (_, text) => {
    const flagship = await start({ flags: { a: 1 } });
    for (const end of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const socket = connect(flagship.port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(text);
      await Promise.race([once(socket.resume(), 'data'), delay(50)]);
      socket[end]();
      if (!socket.closed) await Promise.race([once(socket, 'close'), delay(500)]);
      socket.destroy();
    }
    expect(await valueOf(flagship)).toBe(1);
  });

  it('answers a context of any depth, or refuses it', async () => {
    const flagship = await start({ flags: { a: 1 } });
    for (const depth of [5, 1000, 100_000]) {
      const context = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
      const response = await fetch(`${flagship.url}${PATH}`, {
        method: 'POST',
        body: `{"flagKey":"a","context":${context}}`,
      });
      expect([200, 400]).toContain(response.status);
    }
    expect(await valueOf(flagship)).toBe(1);
  });

  it('belongs to no request that it was started in', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const path = flagsFile('{"a": 1}');
    await storage.run('request', () => start({ flags: path, report: () => seen.push(storage.getStore()) }));
    writeFileSync(path, '{"a": 2;}');
    await waitUntil(() => seen.length > 0, 'the report');
    expect(seen).toEqual([undefined]);
  });
});

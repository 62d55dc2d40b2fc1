import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../tools/waiting.cjs';
import { certificate } from '../fixtures/certificate';
import { closedPort } from '../fixtures/closed-port';
import { answer, askNew, openProviders } from '../fixtures/open-providers';
import { startRawServer } from '../fixtures/raw-server';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useBuiltPackage } from '../fixtures/use-built-package';
import { useCleanup } from '../fixtures/use-cleanup';
import { useEnvironment } from '../fixtures/use-environment';
import { useProxy } from '../fixtures/use-proxy';
import { useServer } from '../fixtures/use-server';
import { useTlsServer } from '../fixtures/use-tls-server';

const servers = useServer();
const startProxy = useProxy();
const startTls = useTlsServer();
const set = useEnvironment();
const cleanUp = useCleanup();
let server: ScriptedServer;
const open = openProviders(() => server);
let host: string;

beforeAll(async () => {
  server = await servers.start();
  host = `127.0.0.1:${server.port}`;
});
beforeEach(() => {
  server.script(answer(true));
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];
  set(Object.fromEntries(names.map((name) => [name, undefined])));
});

const closeOnData = (socket: Socket): void => {
  socket.once('data', () => socket.destroy());
};

describe('the environment names a proxy', () => {
  it.each(['http_proxy', 'HTTP_PROXY'])('in %s: evaluations go through it', async (name) => {
    const proxy = await startProxy();
    set({ [name]: proxy.url });
    const provider = open({ authToken: 'token' });
    for (let round = 0; round < 5; round++) expect(await askNew(provider)).toMatchObject({ value: true });
    expect(new Set(proxy.tunnels)).toEqual(new Set([host]));
    // A tunnel is used again, as soon as it is idle.
    expect(proxy.tunnels.length).toBeLessThan(5);
    expect(server.requests.map(({ headers }) => [headers.host, headers.authorization])).toEqual(
      Array(5).fill([host, 'Bearer token']),
    );
    await provider.onClose();
    await waitUntil(() => proxy.openConnections === 0, 'the connections close');
  });

  it('for definitions and for contexts that are sent as a body', async () => {
    const proxy = await startProxy();
    set({ HTTP_PROXY: proxy.url });
    expect(await askNew(open({ contextTransport: 'body' }))).toMatchObject({ value: true });
    expect(server.requests[0]).toMatchObject({ method: 'POST', body: expect.stringContaining('"flag"') });
    server.script({ body: { flags: {} } });
    await open({ localEvaluation: true, accountId: 'a' }).initialize();
    expect(proxy.tunnels).toEqual([host, host]);
  });

  it('without a scheme, as curl accepts it', async () => {
    const proxy = await startProxy();
    set({ HTTP_PROXY: `127.0.0.1:${proxy.port}` });
    expect(await askNew(open())).toMatchObject({ value: true });
    expect(proxy.tunnels).toEqual([host]);
  });

  it('with user and password', async () => {
    const proxy = await startProxy({ credentials: 'ann:pass word' });
    set({ HTTP_PROXY: `http://ann:pass%20word@127.0.0.1:${proxy.port}` });
    expect(await askNew(open())).toMatchObject({ value: true });
  });

  it.each([
    ['a user alone', 'token:', 'http://token@'],
    ['a user with an empty password', 'token:', 'http://token:@'],
    ['a password alone', ':pass', 'http://:pass@'],
  ])('with %s', async (_, credentials, start) => {
    const proxy = await startProxy({ credentials });
    set({ HTTP_PROXY: `${start}127.0.0.1:${proxy.port}` });
    expect(await askNew(open())).toMatchObject({ value: true });
  });

  it.each([' ', '\n'])('but a blank one names none: %j', async (blank) => {
    const proxy = await startProxy();
    for (const env of [
      { HTTP_PROXY: blank, http_proxy: undefined },
      { http_proxy: blank, HTTP_PROXY: proxy.url },
    ]) {
      set(env);
      expect(await askNew(open())).toMatchObject({ value: true });
    }
    expect(proxy.tunnels).toEqual([]);
  });

  it('in lower case first, where it may be empty', async () => {
    const [used, unused] = [await startProxy(), await startProxy()];
    set({ http_proxy: used.url, HTTP_PROXY: unused.url });
    await askNew(open());
    set({ http_proxy: '' });
    expect(await askNew(open())).toMatchObject({ value: true });
    expect([used.tunnels, unused.tunnels]).toEqual([[host], []]);
  });

  it.each(['127.0.0.1', '*', 'example.com, 127.0.0.1', '127.0.0.1:PORT'])(
    'except for the hosts of NO_PROXY: %s',
    async (exempt) => {
      const proxy = await startProxy();
      set({ HTTP_PROXY: proxy.url, NO_PROXY: exempt.replace('PORT', String(server.port)) });
      expect(await askNew(open())).toMatchObject({ value: true });
      expect(proxy.tunnels).toEqual([]);
    },
  );

  it('except in HTTPS_PROXY for an http URL, and for a fetch', async () => {
    const proxy = await startProxy();
    set({ HTTPS_PROXY: proxy.url });
    expect(await askNew(open())).toMatchObject({ value: true });
    set({ HTTP_PROXY: proxy.url });
    const fetch: typeof globalThis.fetch = (url, init) => globalThis.fetch(url, init);
    expect(await askNew(open({ fetch }))).toMatchObject({ value: true });
    expect(proxy.tunnels).toEqual([]);
  });
});

describe('a proxy that fails leaves the default', () => {
  const reached =
    /^Flagship cannot be reached: .*environment variable "HTTP_PROXY" names a proxy; "NO_PROXY"/;

  it('when it refuses connections', async () => {
    set({ HTTP_PROXY: `http://ann:secret-password@127.0.0.1:${await closedPort()}` });
    const details = await askNew(open());
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(reached);
    expect(details.errorMessage).toContain('ECONNREFUSED');
    expect(details.errorMessage).not.toMatch(/ann:|secret/);
  });

  it('when it demands other credentials', async () => {
    const proxy = await startProxy({ credentials: 'ann:right' });
    set({ HTTP_PROXY: `http://ann:secret-password@127.0.0.1:${proxy.port}` });
    const provider = open({ retries: 1, retryDelay: 0 });
    const details = await askNew(provider);
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(reached);
    expect(details.errorMessage).toContain('407');
    const secret = Buffer.from('ann:secret-password').toString('base64');
    const seen = inspect(provider, { depth: 20, showHidden: true }) + String(details.errorMessage);
    expect(seen).not.toMatch(/secret-password/);
    expect(seen).not.toContain(secret);
    expect(server.requests).toHaveLength(0);
  });

  it('when it hangs, within the time limit, and its connections go', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.resume();
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanUp(() => silent.close());
    set({ HTTP_PROXY: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` });
    const provider = open({ timeout: 300 });
    expect(await within(20_000, askNew(provider))).toMatchObject({
      value: false,
      errorCode: 'GENERAL',
      errorMessage: expect.stringContaining('within 300 ms'),
    });
    await waitUntil(() => sockets.size === 0, 'the attempt to open a tunnel ends');
    const waiting = askNew(provider);
    await waitUntil(() => sockets.size === 1, 'the next one');
    await provider.onClose();
    expect(await waiting).toMatchObject({ value: false });
    await waitUntil(() => sockets.size === 0, 'closing ends it');
  });

  it.each([
    ['closes connections at once', { onConnect: (socket: Socket) => void socket.destroy() }],
    ['closes instead of opening a tunnel', { onConnect: (socket: Socket) => closeOnData(socket) }],
    [
      'closes in the middle of its answer',
      { onConnect: (socket: Socket) => void socket.once('data', () => socket.end('HTTP/1.1 20')) },
    ],
  ])('when it %s, with one connection for each attempt', async (_, behaviour) => {
    const raw = await startRawServer();
    cleanUp(() => raw.close());
    raw.behave(behaviour);
    set({ HTTP_PROXY: raw.url });
    const details = await askNew(open({ retries: 1, retryDelay: 0 }));
    expect(details).toMatchObject({ value: false, errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(reached);
    expect(details.errorMessage).toContain('the proxy opened no tunnel: other side closed');
    expect(raw.connections).toBe(2);
  });

  it('while it fails, and not any longer', async () => {
    const proxy = await startProxy();
    set({ HTTP_PROXY: proxy.url });
    const provider = open({ endpoint: `http://127.0.0.1:${await closedPort()}/evaluate` });
    for (let round = 0; round < 3; round++) expect(await askNew(provider)).toMatchObject({ value: false });
    expect(proxy.tunnels.length).toBeGreaterThan(0);
  });
});

describe('a variable that names no proxy stops the start', () => {
  it.each([
    ['not a url', '"not a url"'],
    ['http://', '"http://"'],
    ['ftp://proxy.example', '"ftp://proxy.example"'],
    ['socks5://proxy.example:1080', '"socks5://proxy.example:1080"'],
    ['http://proxy.example/path', '"http://proxy.example/path"'],
    ['http://ann:pass%zz@proxy.example:99', '"http://…@proxy.example:99"'],
    ['http://ann:pass@proxy.example:99999', '"http://…@proxy.example:99999"'],
    ['http://ann:pa#ss@proxy.example:99', '"http://…@proxy.example:99"'],
    ['ann:pa?s#s/@proxy.example:99', '"…@proxy.example:99"'],
  ])('with a sentence: %s', (value, shown) => {
    set({ HTTP_PROXY: value });
    expect(() => open()).toThrow(
      `Flagship: environment variable "HTTP_PROXY" must be the URL of an http or https proxy such as "http://proxy.example:3128", but is ${shown}.`,
    );
  });

  it('but not where no request could use it', () => {
    set({ HTTPS_PROXY: 'not a url' });
    open();
    set({ HTTP_PROXY: 'not a url' });
    open({ fetch: () => Promise.reject(new Error()) });
    new FlagshipServerProvider({ definitions: {} });
  });
});

describe('an https endpoint', () => {
  const built = useBuiltPackage();
  beforeAll(() => {
    writeFileSync(join(built.folder, 'ca.pem'), certificate);
  });
  const script = (endpoint: string) => `
    const { FlagshipServerProvider } = require('./dist');
    const provider = new FlagshipServerProvider({ endpoint: '${endpoint}/evaluate', retries: 0 });
    provider.resolveBooleanEvaluation('flag', false, {})
      .then((details) => console.log(JSON.stringify(details)))
      .then(() => provider.onClose());`;
  const run = async (env: Readonly<Record<string, string>>) => {
    const { output, errors } = await built.runScript(script(await startTls(answer(true).body)), env);
    expect(errors.replace(/^\(node:\d+\) Warning: Setting the NODE_EXTRA[^]*/, '')).toBe('');
    return JSON.parse(output) as Record<string, unknown>;
  };

  it('is reached through a tunnel of HTTPS_PROXY, with the authority of NODE_EXTRA_CA_CERTS', async () => {
    const proxy = await startProxy();
    const details = await run({ HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: join(built.folder, 'ca.pem') });
    expect(details).toMatchObject({ value: true });
    expect(proxy.tunnels).toEqual([expect.stringMatching(/^localhost:\d+$/)]);
  });

  it('uses HTTP_PROXY where there is no HTTPS_PROXY', async () => {
    const proxy = await startProxy();
    const details = await run({ HTTP_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: join(built.folder, 'ca.pem') });
    expect(details).toMatchObject({ value: true });
    expect(proxy.tunnels).toHaveLength(1);
  });

  it('without the authority leaves the default, through a proxy and without one', async () => {
    const proxy = await startProxy();
    for (const env of [{ HTTPS_PROXY: '' }, { HTTPS_PROXY: proxy.url }]) {
      expect(await run(env)).toMatchObject({
        value: false,
        errorCode: 'GENERAL',
        errorMessage: expect.stringMatching(/self-signed certificate/),
      });
    }
  });
});

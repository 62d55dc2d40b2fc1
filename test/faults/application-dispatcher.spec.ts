import { gzipSync } from 'node:zlib';
import {
  Agent,
  type Dispatcher,
  EnvHttpProxyAgent,
  getGlobalDispatcher,
  MockAgent,
  Pool,
  RetryAgent,
  setGlobalDispatcher,
} from 'undici';
import { waitUntil, within } from '../../tools/waiting.cjs';
import { certificate } from '../fixtures/certificate';
import { answer, askFlag, askNew, openProviders } from '../fixtures/open-providers';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useCleanup } from '../fixtures/use-cleanup';
import { useEnvironment } from '../fixtures/use-environment';
import { useProxy } from '../fixtures/use-proxy';
import { useServer } from '../fixtures/use-server';
import { useTlsServer } from '../fixtures/use-tls-server';

const servers = useServer();
const startTls = useTlsServer();
const startProxy = useProxy();
const setEnvironment = useEnvironment();
const cleanUp = useCleanup();
let server: ScriptedServer;
const open = openProviders(() => server);
const original = getGlobalDispatcher();

beforeAll(async () => (server = await servers.start()));
beforeEach(() => {
  server.script(answer(true));
  cleanUp(() => {
    setGlobalDispatcher(original);
  });
});

/** Closes it after the test, as an application does. */
const keep = <T extends Dispatcher>(dispatcher: T): T => {
  // A MockAgent can only be closed.
  cleanUp(() => (dispatcher instanceof MockAgent ? dispatcher.close() : dispatcher.destroy()));
  return dispatcher;
};
const set = <T extends Dispatcher>(dispatcher: T): T => {
  setGlobalDispatcher(dispatcher);
  return keep(dispatcher);
};

/** A dispatcher with handlers of the first interface, as an undici of another version has it. */
type FirstHandler = Readonly<
  Record<'onConnect' | 'onHeaders' | 'onData' | 'onComplete' | 'onError', (...values: unknown[]) => unknown>
>;
const firstInterface = (dispatch: (request: { path: string }, handler: FirstHandler) => unknown) =>
  ({ dispatch }) as unknown as Dispatcher;

describe("the application's global dispatcher", () => {
  it('may be a MockAgent, also one that is set and removed later', async () => {
    const provider = open();
    expect(await askNew(provider)).toMatchObject({ value: true });
    const mock = set(new MockAgent());
    mock.disableNetConnect();
    mock
      .get(server.url)
      .intercept({ path: '/evaluate?flagKey=flag&targetingKey=ann' })
      .reply(200, { flagKey: 'flag', value: true, variant: 'mocked' }, { headers: { 'X-One': '1' } });
    expect(await askFlag(provider, { targetingKey: 'ann' })).toMatchObject({ variant: 'mocked' });
    const details = await askFlag(provider, { targetingKey: 'ann-of-green-gables' });
    expect(details).toMatchObject({ value: false, errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(/cannot be reached.*global dispatcher that the application has set/);
    expect(details.errorMessage).not.toMatch(/gables/);
    setGlobalDispatcher(original);
    expect(await askNew(provider)).toMatchObject({ variant: 'on' });
  });

  it('gets the whole request, and its answer is read as any other', async () => {
    const mock = set(new MockAgent());
    mock.disableNetConnect();
    const seen: unknown[] = [];
    const bodies = [JSON.stringify(answer(true).body), '{"errorCode":"INVALID_CONTEXT"}'];
    for (const [index, body] of bodies.entries()) {
      mock
        .get(server.url)
        .intercept({ path: '/evaluate', method: 'POST' })
        .reply((request) => {
          seen.push(request.body, (request.headers as Record<string, string>).authorization);
          return {
            statusCode: index === 0 ? 200 : 400,
            data: gzipSync(body),
            responseOptions: { headers: { 'Content-Encoding': 'gzip' } },
          };
        });
    }
    const provider = open({ contextTransport: 'body', authToken: 'token' });
    expect(await askFlag(provider)).toMatchObject({ value: true });
    expect(await askFlag(provider)).toMatchObject({ errorCode: 'INVALID_CONTEXT' });
    expect(seen.slice(0, 2)).toEqual(['{"flagKey":"flag","context":{"targetingKey":"u"}}', 'Bearer token']);
  });

  it('brings definitions', async () => {
    const mock = set(new MockAgent());
    mock
      .get(server.url)
      .intercept({ path: '/definitions' })
      .reply(200, { flags: {} }, { headers: { etag: '"1"' } });
    mock
      .get(server.url)
      .intercept({ path: '/definitions', headers: { 'if-none-match': '"1"' } })
      .reply(304, '');
    const provider = open({ localEvaluation: true, accountId: 'a' });
    await provider.initialize();
    expect(await provider.refresh()).toBe(true);
    mock.assertNoPendingInterceptors();
    expect(server.requests).toHaveLength(0);
  });

  it('may know the authority of a certificate', async () => {
    const url = await startTls(answer(true).body);
    const provider = open({ endpoint: `${url}/evaluate` });
    expect(await askNew(provider)).toMatchObject({ value: false, errorCode: 'GENERAL' });
    set(new Agent({ connect: { ca: certificate } }));
    expect(await askNew(provider)).toMatchObject({ value: true });
  });

  it('may know it behind a proxy, and takes precedence over the environment', async () => {
    const url = await startTls(answer(true).body);
    const [named, unused] = [await startProxy(), await startProxy()];
    setEnvironment({ HTTPS_PROXY: unused.url });
    const provider = open({ endpoint: `${url}/evaluate` });
    set(new EnvHttpProxyAgent({ httpsProxy: named.url, requestTls: { ca: certificate } }));
    expect(await askNew(provider)).toMatchObject({ value: true });
    expect([named.tunnels.length, unused.tunnels.length]).toEqual([1, 0]);
  });

  const interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) =>
    dispatch(request, handler);
  it.each<readonly [string, () => Dispatcher, (connecting: Dispatcher) => Dispatcher]>([
    ['composed of interceptors', () => new Agent(), (agent) => agent.compose(interceptor)],
    ['an agent with options', () => new Agent({ connections: 1 }), (agent) => agent],
    ['a pool', () => new Pool(server.url), (pool) => pool],
    ['an agent that retries', () => new Agent(), (agent) => new RetryAgent(agent)],
  ])('may be %s', async (_, create, wrap) => {
    const connecting = create();
    const connected = jest.fn();
    connecting.on('connect', connected);
    set(wrap(connecting));
    expect(await askNew(open())).toMatchObject({ value: true });
    expect(connected).toHaveBeenCalledTimes(1);
  });

  it('is not used while it is a default one, which connects directly', async () => {
    const dispatcher = set(new Agent());
    const connected = jest.fn();
    dispatcher.on('connect', connected);
    expect(await askNew(open())).toMatchObject({ value: true });
    expect(connected).not.toHaveBeenCalled();
  });

  it('stays open when the provider closes, and what it waits for ends', async () => {
    const dispatcher = set(new Agent({ connections: 5 }));
    server.script(() => undefined);
    const provider = open({ timeout: 60_000 });
    const waiting = askNew(provider);
    await server.received(1);
    await provider.onClose();
    expect(await within(20_000, waiting)).toMatchObject({ value: false, reason: 'ERROR' });
    expect([dispatcher.closed, dispatcher.destroyed]).toEqual([false, false]);
    server.script({ body: 'still there' });
    const { body } = await dispatcher.request({ origin: server.url, path: '/', method: 'GET' });
    expect(await body.text()).toBe('still there');
  });

  it('that is closed leaves the default', async () => {
    await set(new Agent({ connections: 5 })).close();
    expect(await askNew(open())).toMatchObject({ value: false, errorCode: 'GENERAL' });
  });

  it('that answers too late leaves the default, in time', async () => {
    set(new Agent({ connections: 5 }));
    server.script(() => undefined);
    expect(await askNew(open({ timeout: 200 }))).toMatchObject({
      value: false,
      errorMessage: expect.stringContaining('within 200 ms'),
    });
  });
});

describe('a global dispatcher of another version', () => {
  const body = Buffer.from(JSON.stringify(answer(true).body));
  const ok = (handler: FirstHandler): void => {
    handler.onConnect(() => undefined);
    handler.onHeaders(103, [Buffer.from('link'), Buffer.from('x')], () => undefined, 'Early Hints');
    const headers = ['Content-Type', 'application/json', 'x-two', '1', 'x-two', '2'].map((text) =>
      Buffer.from(text),
    );
    handler.onHeaders(200, headers, () => undefined, 'OK');
    handler.onData(body.subarray(0, 10));
    handler.onData(body.subarray(10));
    handler.onComplete([]);
  };

  it('answers through the first interface of handlers', async () => {
    const paths: string[] = [];
    setGlobalDispatcher(
      firstInterface(({ path }, handler) => {
        paths.push(path);
        ok(handler);
      }),
    );
    expect(await askFlag(open())).toMatchObject({ value: true, variant: 'on' });
    expect(paths).toEqual(['/evaluate?flagKey=flag&targetingKey=u']);
  });

  it.each<readonly [string, (handler: FirstHandler) => unknown]>([
    [
      'throws',
      () => {
        throw new Error('out of order');
      },
    ],
    ['fails before it connects', (handler) => void handler.onError(new Error('out of order'))],
    [
      'fails in the middle',
      (handler) => {
        handler.onConnect(() => undefined);
        handler.onHeaders(200, [], () => undefined, 'OK');
        handler.onData(body.subarray(0, 10));
        handler.onError(new Error('out of order'));
      },
    ],
  ])('that %s leaves the default', async (_, fail) => {
    let isBroken = true;
    setGlobalDispatcher(firstInterface((__, handler) => (isBroken ? fail(handler) : ok(handler))));
    const provider = open();
    expect(await askNew(provider)).toMatchObject({
      value: false,
      errorCode: 'GENERAL',
      errorMessage: expect.stringMatching(/cannot be reached: out of order/),
    });
    isBroken = false;
    expect(await askNew(provider)).toMatchObject({ value: true });
  });

  it('is told when the time is up', async () => {
    const aborted = jest.fn();
    setGlobalDispatcher(firstInterface((_, handler) => void handler.onConnect(aborted)));
    await askNew(open({ timeout: 100 }));
    await waitUntil(() => aborted.mock.calls.length === 1, 'the abort');
  });

  it('that keeps no rule of the interface leaves the default', async () => {
    const rest = jest.fn();
    setGlobalDispatcher(
      firstInterface((_, handler) => {
        handler.onConnect('no function');
        handler.onHeaders(200, null);
        handler.onData('text');
        rest();
      }),
    );
    expect(await askNew(open({ timeout: 100 }))).toMatchObject({
      value: false,
      errorMessage: expect.stringContaining('within 100 ms'),
    });
    expect(rest).toHaveBeenCalledTimes(1);
    for (const [status, chunk] of [
      [200, 'text'],
      [0, ''],
      [404, Buffer.from('{}')],
    ] as const) {
      setGlobalDispatcher(
        firstInterface((_, handler) => {
          handler.onHeaders(status, ['a']);
          handler.onData(chunk);
          handler.onComplete();
          handler.onComplete();
          handler.onError(new Error('too late'));
        }),
      );
      expect(await askNew(open())).toMatchObject({ value: false, reason: 'ERROR' });
    }
  });
});

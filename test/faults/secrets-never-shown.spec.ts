import { Logger, type LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Logger as OpenFeatureLogger, OpenFeature, ServerProviderEvents } from '@openfeature/server-sdk';
import {
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
  LoggingHook,
  TelemetryHook,
} from 'nestjs-flagship';
import { waitUntil } from '../../tools/waiting.cjs';
import { type AnswerFunction, type ScriptedServer } from '../fixtures/scripted-server';
import { everythingSeen, leaksIn, secrets } from '../fixtures/secrets';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

type Options = FlagshipProviderOptions;

const clients: Readonly<Record<string, Partial<Options>>> = {
  'the built-in client': {},
  'the global fetch': { fetch: (...args) => globalThis.fetch(...args) },
};
const sources: Readonly<Record<string, Partial<Options>>> = {
  query: {},
  body: { contextTransport: 'body' },
  local: { localEvaluation: true, accountId: 'account' },
};

/** Where secrets are put, and the header in which they arrive. */
const carriers: Readonly<Record<string, readonly [header: string, options: Partial<Options>]>> = {
  authToken: ['authorization', { authToken: secrets.token }],
  headers: ['x-api-key', { headers: { 'x-api-key': secrets.header } }],
  'fetchOptions.headers': ['x-api-key', { fetchOptions: { headers: { 'x-api-key': secrets.header } } }],
  'headersFactory, in place of the token': [
    'authorization',
    { headersFactory: async () => ({ authorization: `Bearer ${secrets.fresh}` }) },
  ],
  'headersFactory, beside the token': [
    'x-fresh',
    { authToken: secrets.token, headersFactory: () => ({ 'x-fresh': secrets.fresh }) },
  ],
};
const all: Partial<Options> = {
  authToken: secrets.token,
  headers: { 'x-api-key': secrets.header },
  headersFactory: () => ({ 'x-fresh': secrets.fresh }),
};

const combinations = Object.keys(clients).flatMap((client) =>
  Object.keys(sources).flatMap((source) => Object.keys(carriers).map((carrier) => [client, source, carrier])),
) as [string, string, string][];

const each = (text: string, write: (character: string) => string): string => Array.from(text, write).join('');
const asCode = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`;
const asJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const details = (text: string): string => JSON.stringify({ errorCode: 'GENERAL', errorDetails: text });

/** Bodies that say a header's value, as servers and the proxies before them write it. */
const echoes: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => details(`Bad credentials: ${value}, try others.`),
  'with its slashes escaped': (value) => details(`Bad: ${value}`).replaceAll('/', '\\/'),
  'as character codes': (value) => `{"errorDetails":"${each(value, asCode)}"}`,
  'as JSON within the text': (value) => details(`Upstream said {"token":"${asJson(value)}"}`),
  'as JSON within the text, slashes escaped': (value) =>
    details(`Upstream said {"token":"${asJson(value).replaceAll('/', '\\/')}"}`),
  'as character codes within the text': (value) => details(`Upstream said "${each(value, asCode)}"`),
  'for a URL': (value) => details(`GET /?token=${encodeURIComponent(value)}`),
  'where the message is cut': (value) => details(`${'-'.repeat(300 - 12)}${value}`),
  'escaped, where the message is cut': (value) =>
    details(`${'-'.repeat(300 - 14)}${asJson(value).replaceAll('/', '\\/')}`),
  'many times': (value) => details(`${value} `.repeat(50)),
};

const logLines: unknown[] = [];
const write = (...parts: unknown[]): void => void logLines.push(...parts);
const nestLogger: LoggerService = { log: write, error: write, warn: write, debug: write, verbose: write };
const flagLogger: OpenFeatureLogger = { error: write, warn: write, info: write, debug: write };

const servers = useServer();
let server: ScriptedServer;
const cleanUp = useCleanup();

beforeAll(async () => (server = await servers.start()));
beforeEach(() => {
  server.script({ status: 500 });
  logLines.length = 0;
  Logger.overrideLogger(nestLogger);
  OpenFeature.setLogger(flagLogger);
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    jest.spyOn(console, level).mockImplementation(write);
  }
});
afterEach(async () => {
  jest.restoreAllMocks();
  Logger.overrideLogger(true);
});

function open(...options: readonly Partial<Options>[]): FlagshipServerProvider {
  const provider = new FlagshipServerProvider(
    Object.assign(
      { endpoint: `${server.url}/evaluate`, retries: 0, timeout: 5000, logging: true },
      ...options,
    ) as Options,
  );
  cleanUp(() => provider.onClose());
  for (const event of Object.values(ServerProviderEvents)) {
    provider.events.addHandler(event, write);
  }
  return provider;
}
const ask = (provider: FlagshipServerProvider) =>
  provider.resolveBooleanEvaluation('flag', false, { targetingKey: 'u' }, flagLogger);
const start = (provider: FlagshipServerProvider): Promise<unknown> =>
  provider.initialize().catch((error: unknown) => error);

function expectNoLeak(...seen: unknown[]): void {
  expect(leaksIn([...seen, ...logLines].map(everythingSeen).join('\n'))).toEqual([]);
}

describe('the search for secrets finds', () => {
  const [header] = Object.values(secrets);
  const forms = Object.entries(echoes).map(([name, echo]) => [name, echo(header ?? '')] as const);
  it.each(forms)('one that is said %s', (_, text) => {
    expect(leaksIn(text)).not.toEqual([]);
    expect(leaksIn(everythingSeen({ errorMessage: text }))).not.toEqual([]);
  });

  it.each([
    [
      'a field',
      new (class {
        readonly token = secrets.token;
      })(),
    ],
    ['a map', new Map([['a', [{ b: { c: { d: { e: secrets.token } } } }]]])],
    ['a symbol', { [Symbol('s')]: secrets.token }],
    ['a cause', new Error('outer', { cause: new Error('inner', { cause: { headers: [secrets.token] } }) })],
    ['half of it', secrets.token.slice(0, 15)],
    ['base64', Buffer.from(secrets.token).toString('base64')],
  ])('one in %s', (_, value) => {
    expect(leaksIn(everythingSeen(value))).not.toEqual([]);
  });

  it('none in what is fit to be seen', () => {
    expect(leaksIn(everythingSeen({ authToken: '[hidden]', note: 'x'.repeat(500) }))).toEqual([]);
  });
});

describe.each(combinations)('with %s, from source "%s", a secret in %s', (client, source, carrier) => {
  const [header, carried] = carriers[carrier]!;
  const options = [clients[client]!, sources[source]!, carried];

  /** Answers with what it was sent in the header. */
  const echoing =
    (status: number, echo: (value: string) => string): AnswerFunction =>
    (response, { headers }) => {
      const value = String(headers[header]).replace(/^Bearer /, '');
      response.writeHead(status, { 'content-type': 'application/json' }).end(echo(value));
    };

  it.each(Object.entries(echoes))('is not repeated when a server says it %s', async (_, echo) => {
    for (const status of [400, 401, 403, 404, 422, 429, 500, 503]) {
      server.script(echoing(status, echo));
      const provider = open(...options);
      const error = await start(provider);
      const answer = await ask(provider);
      expect(answer).toMatchObject({ value: false, reason: 'ERROR' });
      expect(server.requests[0]?.headers[header]).toBeDefined();
      expectNoLeak(answer, error);
    }
    expect(logLines).not.toEqual([]);
  });
});

describe.each(Object.entries(sources))('from source "%s"', (source, sourceOptions) => {
  it('is not repeated when a fetch fails and says what it was called with', async () => {
    const fetch = (_: unknown, init?: RequestInit) => {
      const said = JSON.stringify(init?.headers);
      return Promise.reject(
        new TypeError(`failed: ${said}`, { cause: Object.assign(new Error(said), { init }) }),
      );
    };
    const provider = open(sourceOptions, all, { fetch });
    const error = await start(provider);
    expectNoLeak(await ask(provider), error);
    await provider.refresh();
    expectNoLeak();
  });

  it('is not repeated when headersFactory fails and says what it knows', async () => {
    const headersFactory = () => Promise.reject(new Error(`not with ${secrets.token} and ${secrets.header}`));
    const provider = open(sourceOptions, all, { headersFactory });
    const error = await start(provider);
    expectNoLeak(await ask(provider), error);
  });

  it.each(Object.entries(clients))('is not repeated when the connection fails (%s)', async (_, client) => {
    for (const fault of [
      (response) => void response.destroy(),
      (response) => void response.socket?.resetAndDestroy(),
      (response, { headers }) => void response.socket?.end(`${JSON.stringify(headers)}\r\n\r\n`),
      (response, { headers }) => void response.writeHead(200).end(JSON.stringify(headers)),
    ] as AnswerFunction[]) {
      server.script(fault);
      const provider = open(sourceOptions, client, all);
      const error = await start(provider);
      const answer = await ask(provider);
      expect(answer).toMatchObject({ value: false, reason: 'ERROR' });
      expectNoLeak(answer, error);
    }
  });

  it('is not told when a refresh fails', async () => {
    if (source !== 'local') return;
    server.script({ body: { flags: {} } }, (response, { headers }) => {
      response.writeHead(401).end(details(Object.values(headers).join(' ')));
    });
    const provider = open(sourceOptions, all);
    await provider.initialize();
    expect(await provider.refresh()).toBe(false);
    await waitUntil(() => logLines.length > 0, 'the event');
    expectNoLeak();
  });
});

describe('what is printed', () => {
  const states: Readonly<Record<string, (provider: FlagshipServerProvider) => Promise<unknown>>> = {
    'is new': () => Promise.resolve(),
    'is open': (provider) => {
      server.script({ body: { flags: {}, flagKey: 'flag', value: true } });
      return start(provider);
    },
    'has answered': async (provider) => {
      server.script({ body: { flags: {}, flagKey: 'flag', value: true } });
      await start(provider);
      await ask(provider);
    },
    'has failed': async (provider) => {
      server.script({ status: 401 });
      await start(provider);
      await ask(provider);
    },
    'waits for answers': async (provider) => {
      server.script(() => undefined);
      void start(provider);
      for (let index = 0; index < 5; index++) void ask(provider);
      await server.received(1);
    },
    'reads an answer': async (provider) => {
      server.script((response) => void response.write('{'));
      void start(provider);
      void ask(provider);
      await server.received(1);
    },
    'pauses before a retry': async (provider) => {
      void start(provider);
      void ask(provider);
      await server.received(1);
      await new Promise(setImmediate);
    },
    'is closed': async (provider) => {
      server.script({ status: 401 });
      await start(provider);
      await provider.onClose();
    },
  };
  const cases = Object.keys(clients).flatMap((client) =>
    Object.keys(sources).flatMap((source) => Object.keys(states).map((state) => [client, source, state])),
  ) as [string, string, string][];

  it.each(cases)('of a provider with %s, from source "%s", that %s', async (client, source, state) => {
    const provider = open(clients[client]!, sources[source]!, all, { retries: 1, retryDelay: 30_000 });
    await states[state]!(provider);
    expectNoLeak(provider, { provider });
  });

  const moduleOptions = (more: Partial<FlagshipModuleOptions> = {}): FlagshipModuleOptions =>
    Object.assign({ endpoint: `${server.url}/evaluate`, retries: 0 }, all, more);

  it('of the dynamic module', () => {
    expectNoLeak(FlagshipModule.forRoot(moduleOptions()));
    expectNoLeak(FlagshipModule.forRootAsync({ useFactory: () => moduleOptions() }));
  });

  it.each(Object.entries(sources))('of FlagService, hooks and logs, from source "%s"', async (_, source) => {
    server.script((response, { headers }) => {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(details(Object.values(headers).join(' ')));
    });
    const hooks = [new LoggingHook(), new TelemetryHook(write)];
    const module = FlagshipModule.forRoot(moduleOptions({ ...source, hooks, logging: true }));
    const app = await Test.createTestingModule({ imports: [module] })
      .setLogger(nestLogger)
      .compile();
    cleanUp(() => app.close());
    const flags = app.get(FlagService);
    expect(await flags.isEnabled('flag')).toBe(false);
    const answer = await flags.getBooleanDetails('flag', false);
    expect(answer.reason).toBe('ERROR');
    expect(logLines.length).toBeGreaterThan(2);
    expectNoLeak(module, flags, flags.client, answer, app.get(FlagshipModule));
  });
});

describe('a secret that cannot be sent', () => {
  const broken = Object.values(secrets).flatMap((secret) =>
    ['\r\n', '\n', '\r', '\0'].map((end) => `${secret}${end}x-evil: ${secret}`),
  );
  const options: readonly (readonly [string, (value: string) => Partial<Options>])[] = [
    ['authToken', (value) => ({ authToken: value })],
    ['headers', (value) => ({ headers: { 'x-key': value } })],
    ['headers', (value) => ({ headers: [['x-key', value]] })],
    ['headers', (value) => ({ headers: new Map([['x-key', value]]) })],
    ['headers', (value) => ({ headers: { 'x-key': [value] as unknown as string } })],
    ['headers', (value) => ({ headers: { 'x-key': { value } as unknown as string } })],
    ['headers', (value) => ({ headers: value as unknown as Record<string, string> })],
    ['authToken', (value) => ({ authToken: { value } as unknown as string })],
    ['fetchOptions.headers', (value) => ({ fetchOptions: { headers: { 'x-key': value } } })],
  ];
  it.each(options)('is refused at start without being shown (%s)', (name, make) => {
    for (const value of broken) {
      const attempt = (): unknown => new FlagshipServerProvider({ endpoint: server.url, ...make(value) });
      let thrown: unknown;
      try {
        attempt();
      } catch (error) {
        thrown = error;
      }
      expect((thrown as Error).message).toMatch(new RegExp(`^Flagship: option "${name}" .*\\.$`));
      expectNoLeak(thrown);
    }
  });

  it.each(Object.entries(clients))('is refused when headersFactory makes it (%s)', async (_, client) => {
    for (const value of broken) {
      for (const source of Object.values(sources)) {
        const provider = open(client, source, { headersFactory: () => ({ 'x-key': value }) });
        const error = await start(provider);
        const answer = await ask(provider);
        expect(answer.value).toBe(false);
        expect(error instanceof Error ? error.message : answer.errorMessage).toMatch(
          /"headersFactory".*"x-key"/,
        );
        expectNoLeak(answer, error);
      }
    }
    expect(server.requests).toHaveLength(0);
  });
});

describe('a redirect', () => {
  let other: ScriptedServer;

  beforeAll(async () => {
    other = await servers.start({ body: { flags: {}, flagKey: 'flag', value: true } });
  });

  const cases = Object.keys(clients).flatMap((client) =>
    Object.keys(sources).flatMap((source) =>
      [301, 302, 303, 307, 308].map((status) => [client, source, status]),
    ),
  ) as [string, string, number][];
  it.each(cases)(
    'takes no secret to another origin (%s, source "%s", HTTP %i)',
    async (client, source, status) => {
      for (const location of [`${other.url}/evaluate`, `//127.0.0.1:${other.port}/definitions`]) {
        other.script({ body: { flags: {}, flagKey: 'flag', value: true } });
        server.script({ status, headers: { location } });
        const provider = open(clients[client]!, sources[source]!, all);
        const error = await start(provider);
        const answer = await ask(provider);
        expect(server.requests[0]?.headers['x-api-key']).toBeDefined();
        expect(leaksIn(JSON.stringify(other.requests))).toEqual([]);
        expect(other.requests).toEqual([]);
        expect(answer).toMatchObject({ value: false, reason: 'ERROR' });
        expectNoLeak(answer, error);
      }
    },
  );
});

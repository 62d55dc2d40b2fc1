import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship, type LocalFlagshipOptions, startLocalFlagship } from 'nestjs-flagship/local';
import vectors from '../fixtures/evaluation-vectors.json';
import { waitUntil } from '../fixtures/wait-until';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: Record<string, unknown>;
}

interface Request {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

const open: LocalFlagship[] = [];

async function start(options: LocalFlagshipOptions): Promise<LocalFlagship> {
  const flagship = await startLocalFlagship(options);
  open.push(flagship);
  return flagship;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((flagship) => flagship.close()));
});

/** A request whose path goes over the wire as it is written here. */
async function raw(
  flagship: LocalFlagship,
  path: string,
  { method = 'GET', headers, body }: Request = {},
): Promise<Answer> {
  const request = httpRequest({
    host: '127.0.0.1',
    port: flagship.port,
    path,
    method,
    headers,
    agent: false,
  });
  request.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  const json = response.headers['content-type'] === 'application/json';
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    body: (json ? JSON.parse(text) : {}) as Record<string, unknown>,
  };
}

const app = (flagship: LocalFlagship, path: string): string =>
  `/client/v4/accounts/${encodeURIComponent(flagship.accountId)}/flagship/apps/${encodeURIComponent(flagship.appId)}/${path}`;
const call = (flagship: LocalFlagship, path: string, request?: Request) =>
  raw(flagship, app(flagship, path), request);
const post = (flagship: LocalFlagship, body: unknown) => call(flagship, 'evaluate', { method: 'POST', body });
const valueOf = async (flagship: LocalFlagship, flagKey: string) => {
  const { body } = await call(flagship, `evaluate?flagKey=${flagKey}`);
  return body.value ?? body.errorCode;
};

const byAttribute = (operator: string, value: unknown) => ({
  enabled: true,
  default_variation: 'off',
  variations: { on: true, off: false },
  rules: [{ conditions: [{ attribute: 'x', operator, value }], serve_variation: 'on' }],
});

describe('the evaluation vectors, through the server', () => {
  const keyed = vectors.cases.map((item, index) => ({ ...item, name: `${index}-${item.name}` }));
  let flagship: LocalFlagship;

  beforeAll(async () => {
    const flags = Object.fromEntries(keyed.map(({ name, flag }) => [name, flag]));
    const { accountId } = vectors;
    flagship = await startLocalFlagship({ flags: { flags } as never, accountId, report: () => undefined });
  });
  afterAll(() => flagship.close());

  it.each(keyed.map((item) => [item.name, item] as const))('%s', async (flagKey, { context, expected }) => {
    const { status, body } = await post(flagship, { flagKey, context });
    if ('error' in expected) {
      expect([status, body.errorCode]).toEqual([400, expected.error]);
    } else if ('reasonOneOf' in expected) {
      expect(expected.reasonOneOf).toContain(body.reason);
    } else {
      expect([status, body]).toEqual([200, { flagKey, ...expected }]);
    }
  });
});

describe('routes', () => {
  const flags = {
    'new-checkout': true,
    'upload-limit': 20,
    look: { color: 'red', sizes: [1, 2] },
    nothing: null,
    off: { enabled: false, default_variation: 'a', variations: { a: 'x' }, rules: [] },
    seven: byAttribute('has', 7),
    broken: { enabled: 'yes', default_variation: 'a', variations: { a: 1 }, rules: [] },
  };
  const report = jest.fn();
  const begin = (options: Partial<LocalFlagshipOptions> = {}) =>
    start({ flags: flags as never, report, ...options });

  it.each([
    ['new-checkout', { value: true, variant: 'on', reason: 'STATIC' }],
    ['upload-limit', { value: 20, variant: 'default', reason: 'STATIC' }],
    ['look', { value: { color: 'red', sizes: [1, 2] }, variant: 'default', reason: 'STATIC' }],
    ['nothing', { value: null, variant: 'default', reason: 'STATIC' }],
    ['off', { value: 'x', variant: 'a', reason: 'DISABLED' }],
  ])('GET and POST answer %s alike', async (flagKey, expected) => {
    const flagship = await begin();
    for (const answer of [
      await call(flagship, `evaluate?flagKey=${flagKey}`),
      await post(flagship, { flagKey }),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.body).toEqual({ flagKey, ...expected });
    }
  });

  const inexact = { Accept: 'x', 'Content-Type': 'text/plain' };
  it('does not mind a missing context, a null context or another content type', async () => {
    const flagship = await begin();
    for (const body of [{ flagKey: 'new-checkout' }, { flagKey: 'new-checkout', context: null }]) {
      const { status } = await call(flagship, 'evaluate', { method: 'POST', headers: inexact, body });
      expect(status).toBe(200);
    }
  });

  interface Refusal extends Request {
    readonly path: string;
    readonly status: number;
    readonly errorCode: string;
    readonly details: RegExp;
  }
  const refusals: Readonly<Record<string, Refusal>> = {
    'no flagKey': {
      path: 'evaluate',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey" is missing/,
    },
    'an empty flagKey': {
      path: 'evaluate?flagKey=',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey"/,
    },
    'no flagKey in a body': {
      path: 'evaluate',
      method: 'POST',
      body: {},
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey"/,
    },
    'a flagKey that is no text': {
      path: 'evaluate',
      method: 'POST',
      body: { flagKey: 7 },
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /"flagKey"/,
    },
    'an empty body': {
      path: 'evaluate',
      method: 'POST',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /not JSON/,
    },
    'a body that is not JSON': {
      path: 'evaluate',
      method: 'POST',
      body: '{"flagKey"',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /not JSON/,
    },
    'a body that is a list': {
      path: 'evaluate',
      method: 'POST',
      body: '[]',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /must be an object/,
    },
    'a context that is text': {
      path: 'evaluate',
      method: 'POST',
      body: { flagKey: 'look', context: 'x' },
      status: 400,
      errorCode: 'INVALID_CONTEXT',
      details: /"context"/,
    },
    'a context that is a list': {
      path: 'evaluate',
      method: 'POST',
      body: { flagKey: 'look', context: [] },
      status: 400,
      errorCode: 'INVALID_CONTEXT',
      details: /"context"/,
    },
    'an unknown flag': {
      path: 'evaluate?flagKey=nope',
      status: 404,
      errorCode: 'FLAG_NOT_FOUND',
      details: /"nope"/,
    },
    'the flag __proto__': {
      path: 'evaluate?flagKey=__proto__',
      status: 404,
      errorCode: 'FLAG_NOT_FOUND',
      details: /__proto__/,
    },
    'the flag constructor': {
      path: 'evaluate?flagKey=constructor',
      status: 404,
      errorCode: 'FLAG_NOT_FOUND',
      details: /constructor/,
    },
    'a malformed flag': {
      path: 'evaluate?flagKey=broken',
      status: 400,
      errorCode: 'PARSE_ERROR',
      details: /broken\.enabled/,
    },
    'another path': {
      path: 'elsewhere',
      status: 404,
      errorCode: 'GENERAL',
      details: /app "local" of account "local"/,
    },
    'a path below': { path: 'evaluate/more', status: 404, errorCode: 'GENERAL', details: /nothing at/ },
    'PUT evaluate': {
      path: 'evaluate',
      method: 'PUT',
      status: 405,
      errorCode: 'GENERAL',
      details: /use GET or POST/,
    },
    'POST definitions': {
      path: 'definitions',
      method: 'POST',
      status: 405,
      errorCode: 'GENERAL',
      details: /use GET/,
    },
    'a body over a megabyte': {
      path: 'evaluate',
      method: 'POST',
      body: `{"flagKey":"${'x'.repeat(1_100_000)}"}`,
      status: 413,
      errorCode: 'INVALID_CONTEXT',
      details: /1048576/,
    },
  };
  it.each(Object.entries(refusals))(
    'refuses %s',
    async (_, { path, status, errorCode, details, ...request }) => {
      const flagship = await begin();
      const answer = await call(flagship, path, request);
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.body).toEqual({ errorCode, errorDetails: expect.stringMatching(details) });
      if (status === 405) expect(answer.headers.allow).toMatch(/GET/);
      expect(await valueOf(flagship, 'new-checkout')).toBe(true);
    },
  );

  it.each([4, 50])('answers 413 to a client that goes on to send %i MB', async (megabytes) => {
    const flagship = await begin();
    const socket = connect(flagship.port, '127.0.0.1').on('error', () => undefined);
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    socket.write(
      `POST ${app(flagship, 'evaluate')} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${megabytes * 1_000_000}\r\n\r\n`,
    );
    for (let sent = 0; sent < megabytes && !socket.destroyed; sent++) {
      if (socket.write('x'.repeat(1_000_000))) continue;
      const one = new AbortController();
      const events = ['drain', 'close'].map((event) => once(socket, event, { signal: one.signal }));
      await Promise.race(events);
      one.abort();
      await Promise.allSettled(events);
    }
    await waitUntil(() => text.includes('}') || socket.destroyed, 'an answer');
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*"errorCode":"INVALID_CONTEXT"/);
    socket.destroy();
    expect(await valueOf(flagship, 'new-checkout')).toBe(true);
  });

  it.each(['/', '//', '///x', '//host/path', '/%', '/client/v4', '*', 'http://other/'])(
    'finds nothing at %s',
    async (path) => {
      const answer = await raw(await begin(), path);
      expect([answer.status, answer.body.errorCode]).toEqual([404, 'GENERAL']);
    },
  );

  it('serves account and app of any name, percent-encoded, and no other', async () => {
    const flagship = await begin({ accountId: 'a/b c', appId: 'ü?#%' });
    expect(await valueOf(flagship, 'new-checkout')).toBe(true);
    const provider = new FlagshipServerProvider({ baseUrl: flagship.url, accountId: 'a/b c', appId: 'ü?#%' });
    expect(await provider.resolveBooleanEvaluation('new-checkout', false, {})).toMatchObject({ value: true });
    await provider.onClose();
    const elsewhere = app({ ...flagship, accountId: 'other' }, 'evaluate?flagKey=new-checkout');
    expect((await raw(flagship, elsewhere)).status).toBe(404);
  });

  it('asks for the token when there is one', async () => {
    const flagship = await begin({ authToken: 'secret' });
    for (const authorization of [undefined, 'secret', 'Bearer other', 'Bearer secret2', 'bearer secret']) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      for (const path of ['evaluate?flagKey=look', 'definitions', 'elsewhere']) {
        const { status, body } = await call(flagship, path, { headers });
        expect([status, body.errorCode]).toEqual([401, 'GENERAL']);
        expect(body.errorDetails).not.toContain('secret');
      }
    }
    const headers = { authorization: 'Bearer secret' };
    expect((await call(flagship, 'evaluate?flagKey=look', { headers })).status).toBe(200);
  });

  it.each([
    ['42', [42]],
    ['-1.5', [-1.5]],
    ['007', [7]],
    ['true', [true]],
    ['false', [false]],
    ['', ['']],
    ['TRUE', ['TRUE']],
    ['null', ['null']],
    ['1e3', ['1e3']],
    ['0x10', ['0x10']],
    ['%201', [' 1']],
    ['%2B1', ['+1']],
    ['1.', ['1.']],
    ['12345678901234567890', ['12345678901234567890']],
    ['{"a":1}', ['{"a":1}']],
    ['a+b%26c', ['a b&c']],
  ])('reads the query x=%s as %j', async (text, [expected]) => {
    // Only the type tells: "contains" sees text either way, so rules are asked that see none.
    const flagship = await begin({ flags: { flag: byAttribute('equals', expected) } as never });
    const { body } = await call(
      flagship,
      `evaluate?flagKey=flag&x=${encodeURI(text).replaceAll('%25', '%')}`,
    );
    expect(body).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
  });

  it('keeps a body’s types where a query cannot', async () => {
    const flagship = await begin();
    expect((await post(flagship, { flagKey: 'seven', context: { x: [1, 7] } })).body.value).toBe(true);
    expect((await call(flagship, 'evaluate?flagKey=seven&x=7')).body.value).toBe(false);
  });
});

describe('definitions', () => {
  const flags = { a: true, b: { ...byAttribute('equals', 'y'), key: 'seed' } };
  const begin = () => start({ flags: flags as never });

  it('are what Flagship would answer', async () => {
    const { status, body, headers } = await call(await begin(), 'definitions');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(headers.etag).toMatch(/^"[^"]+"$/);
    expect(body).toEqual({
      flags: {
        a: {
          key: 'a',
          enabled: true,
          default_variation: 'on',
          variations: { on: true, off: false },
          rules: [],
        },
        b: { ...byAttribute('equals', 'y'), key: 'seed' },
      },
    });
  });

  it('are answered with 304 when they are known', async () => {
    const flagship = await begin();
    const { etag = '' } = (await call(flagship, 'definitions')).headers;
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, `"x",W/${etag},"y"`, '*']) {
      const answer = await call(flagship, 'definitions', { headers: { 'if-none-match': known } });
      expect([known, answer.status, answer.text, answer.headers.etag]).toEqual([known, 304, '', etag]);
    }
    for (const unknown of ['', '"x"', etag.slice(1, -1), `${etag}x`, 'W/"x"']) {
      const answer = await call(flagship, 'definitions', { headers: { 'if-none-match': unknown } });
      expect([unknown, answer.status]).toEqual([unknown, 200]);
    }
  });

  it('change their tag when the flags change, and only then', async () => {
    const flagship = await begin();
    const tag = async () => (await call(flagship, 'definitions')).headers.etag;
    const before = await tag();
    flagship.setFlags(flags as never);
    expect(await tag()).toBe(before);
    flagship.setFlags({ ...flags, a: false } as never);
    expect(await tag()).not.toBe(before);
  });
});

describe('flags as an object', () => {
  it('are copied', async () => {
    const list = [1];
    const flags: Record<string, never> = { list: list as never };
    const flagship = await start({ flags });
    list.push(2);
    flags.more = true as never;
    expect(await valueOf(flagship, 'list')).toEqual([1]);
    expect(await valueOf(flagship, 'more')).toBe('FLAG_NOT_FOUND');
  });

  it('are replaced by setFlags, all at once', async () => {
    const flagship = await start({ flags: { a: 1, b: 2 } });
    flagship.setFlags({ b: 3 });
    expect(await valueOf(flagship, 'a')).toBe('FLAG_NOT_FOUND');
    expect(await valueOf(flagship, 'b')).toBe(3);
  });

  it('stay when setFlags gets something else', async () => {
    const flagship = await start({ flags: { a: 1 } });
    for (const bad of [[], 'x', 7, null, undefined, { flags: [] }]) {
      expect(() => flagship.setFlags(bad as never)).toThrow(/[Ff]lags/);
    }
    expect(await valueOf(flagship, 'a')).toBe(1);
  });

  it('are reported on when malformed; the others work', async () => {
    const problems: string[] = [];
    const malformed = { enabled: true, default_variation: 'a', variations: { a: 1 }, rules: 'none' };
    const flagship = await start({
      flags: { good: 1, bad: malformed },
      report: (problem) => problems.push(problem),
    });
    expect(problems).toEqual([expect.stringMatching(/"bad" is malformed at bad\.rules.*PARSE_ERROR/)]);
    expect(await valueOf(flagship, 'good')).toBe(1);
    expect(await valueOf(flagship, 'bad')).toBe('PARSE_ERROR');
  });
});

describe('flags in a file', () => {
  let folder: string;
  let path: string;
  let problems: string[];
  const write = (content: unknown, to = path) => {
    writeFileSync(to, typeof content === 'string' ? content : JSON.stringify(content));
  };
  const watch = () => start({ flags: path, report: (problem) => problems.push(problem) });
  const becomes = (flagship: LocalFlagship, expected: unknown, flagKey = 'flag') =>
    waitUntil(
      async () => (await valueOf(flagship, flagKey)) === expected,
      `"${flagKey}" becomes ${String(expected)}`,
    );
  const reported = (pattern: RegExp) =>
    waitUntil(() => problems.some((problem) => pattern.test(problem)), `a report like ${String(pattern)}`);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flags-'));
    path = join(folder, 'flags.json');
    problems = [];
    write({ flags: { flag: 1 } });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('take effect when they are edited, again and again', async () => {
    const flagship = await watch();
    for (const value of [2, 3, 4]) {
      write({ flags: { flag: value, more: 'x'.repeat(value) } });
      await becomes(flagship, value);
    }
    expect(problems).toEqual([]);
  });

  it('may be edited at once, and to the same length', async () => {
    const flagship = await watch();
    write({ flags: { flag: 2 } });
    await becomes(flagship, 2);
  });

  it('stay as they were when an edit is broken; the place is told', async () => {
    const flagship = await watch();
    write('{\n  "flags": {\n    "flag": 2,\n  }\n}\n');
    await reported(/flags\.json:4:3: not valid JSON.*stay as they were/);
    expect(await valueOf(flagship, 'flag')).toBe(1);
    write({ flags: { flag: 3 } });
    await becomes(flagship, 3);
  });

  it.each([
    ['{"flag": 1', /:1:11: not valid JSON/],
    ['', /:1:1: not valid JSON/],
    ['{"flag": 1 // one\n}', /:1:12: not valid JSON/],
    ["{'flag': 1}", /:1:2: not valid JSON/],
    ['[1]', /must be an object/],
    ['{"flags": []}', /"flags" must be an object/],
  ])('stay as they were: %j', async (content, problem) => {
    const flagship = await watch();
    write(content);
    await reported(problem);
    expect(await valueOf(flagship, 'flag')).toBe(1);
  });

  it('stay as they were one by one when an edit breaks a flag', async () => {
    const flagship = await watch();
    write({ flags: { flag: { ...byAttribute('equals', 1), rules: [{}] }, other: 2 } });
    await becomes(flagship, 2, 'other');
    expect(await valueOf(flagship, 'flag')).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/"flag" is malformed at flag\.rules\[0\]\.conditions.*stays as it was/),
    ]);
    write({ flags: { flag: 5 } });
    await becomes(flagship, 5);
  });

  it('say what is wrong now when a flag was never right', async () => {
    write({ flags: { flag: { ...byAttribute('equals', 1), enabled: 'yes' } } });
    const flagship = await watch();
    write({ flags: { flag: { ...byAttribute('equals', 1), rules: [{}] }, other: 2 } });
    await becomes(flagship, 2, 'other');
    expect(problems.at(-1)).toMatch(/flag\.rules\[0\]\.conditions.*answers PARSE_ERROR/);
    const { body } = await call(flagship, 'evaluate?flagKey=flag');
    expect(body.errorDetails).toMatch(/flag\.rules\[0\]\.conditions/);
  });

  it('survive the file’s deletion, and follow it when it is back', async () => {
    const flagship = await watch();
    rmSync(path);
    await reported(/cannot be read.*ENOENT.*stay as they were/);
    expect(await valueOf(flagship, 'flag')).toBe(1);
    write({ flags: { flag: 2 } });
    await becomes(flagship, 2);
  });

  it('follow a file that is replaced, as editors do', async () => {
    const flagship = await watch();
    for (const value of [2, 3]) {
      write({ flags: { flag: value } }, `${path}.new`);
      renameSync(`${path}.new`, path);
      await becomes(flagship, value);
    }
  });

  it('may begin with a byte order mark', async () => {
    write('\ufeff{"flag": 2}');
    expect(await valueOf(await watch(), 'flag')).toBe(2);
  });

  it('may be served twice; closing one leaves the other following', async () => {
    const [one, two] = [await watch(), await watch()];
    await one.close();
    write({ flags: { flag: 22 } });
    await becomes(two, 22);
  });

  it.each([
    ['is missing', undefined, /cannot be read.*ENOENT/],
    ['is broken', '{"flag": 1,}', /flags\.json:1:12: not valid JSON/],
    ['holds no flags', '7', /must be an object/],
  ])('are refused at start when the file %s', async (_, content, message) => {
    if (content === undefined) rmSync(path);
    else write(content);
    await expect(watch()).rejects.toThrow(message);
  });
});

describe('start and stop', () => {
  it('ends promptly, whatever connections are open', async () => {
    const flagship = await startLocalFlagship({ flags: { a: 1 } });
    const idle = connect(flagship.port, '127.0.0.1');
    const halfway = connect(flagship.port, '127.0.0.1');
    const sockets = [idle, halfway];
    const closed = sockets.map((socket) => once(socket.on('error', () => undefined).resume(), 'close'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    halfway.write(
      `POST ${app(flagship, 'evaluate')} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"flagKey":`,
    );
    const agentAnswer = await fetch(`${flagship.url}${app(flagship, 'evaluate?flagKey=a')}`);
    await agentAnswer.text();
    const begin = performance.now();
    await flagship.close();
    await Promise.all(closed);
    expect(performance.now() - begin).toBeLessThan(2000);
    await flagship.close();
    await expect(raw(flagship, '/')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('rejects when the port is taken, and leaves nothing behind', async () => {
    const { port } = await start({ flags: { a: 1 } });
    await expect(startLocalFlagship({ flags: { a: 1 }, port })).rejects.toThrow(/EADDRINUSE/);
  });

  it('listens where it is told', async () => {
    const flagship = await start({ flags: { a: 1 }, host: 'localhost' });
    expect(flagship.url).toMatch(/^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/);
    expect(flagship.port).toBeGreaterThan(0);
  });

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', undefined, /"flags"|options/],
    ['no flags', {}, /"flags" is missing/],
    ['empty path', { flags: '' }, /"flags" must be/],
    ['flags: 7', { flags: 7 }, /"flags" must be/],
    ['flags: []', { flags: [] }, /must be an object/],
    ['port: 70000', { flags: {}, port: 70_000 }, /"port" must be a whole number from 0 to 65535/],
    ['port: "8787"', { flags: {}, port: '8787' }, /"port"/],
    ['host: ""', { flags: {}, host: '' }, /"host"/],
    ['accountId: 7', { flags: {}, accountId: 7 }, /"accountId"/],
    ['appId: ""', { flags: {}, appId: '' }, /"appId"/],
    ['authToken: 7', { flags: {}, authToken: 7 }, /"authToken"/],
    ['report: 7', { flags: {}, report: 7 }, /"report"/],
    ['an unknown option', { flags: {}, prot: 1 }, /no option "prot".*port/],
  ];
  it.each(bad)('refuses %s', async (_, options, message) => {
    await expect(startLocalFlagship(options as LocalFlagshipOptions)).rejects.toThrow(message);
  });
});

import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil } from '../../tools/waiting.cjs';
import { fixedFlags } from '../fixtures/definitions';
import { openProviders } from '../fixtures/open-providers';
import { type AnswerFunction, type ScriptedServer } from '../fixtures/scripted-server';
import { useLog } from '../fixtures/captured-log';
import { useServer } from '../fixtures/use-server';

type Options = Partial<FlagshipProviderOptions>;
type Compress = (text: string | Buffer) => Buffer;

const MEGABYTE = 1024 * 1024;
/** 100 MB in 100 KB. Members of gzip can follow each other. */
const blanks = gzipSync(Buffer.alloc(100 * MEGABYTE, ' '));
const good = JSON.stringify({ flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' });
/** Every client that sends requests. `fetch` decodes by itself. */
const clients: Readonly<Record<string, Options>> = {
  'the built-in client': {},
  'the option "fetch"': { fetch: (url, init) => globalThis.fetch(url, init) },
  '"fetchOptions"': { fetchOptions: { keepalive: true } },
};
const codings: Readonly<Record<string, Compress>> = {
  gzip: (text) => gzipSync(text),
  'x-gzip': (text) => gzipSync(text),
  GZip: (text) => gzipSync(text),
  br: (text) => brotliCompressSync(text),
  deflate: (text) => deflateSync(text),
  'deflate without its header': (text) => deflateRawSync(text),
  'gzip, br': (text) => brotliCompressSync(gzipSync(text)),
};

const servers = useServer();
const log = useLog();
let server: ScriptedServer;

beforeAll(async () => (server = await servers.start()));

const openProvider = openProviders(() => server);
const open = (options: Options = {}) => openProvider({ retries: 1, retryDelay: 0, ...options });
const openLocal = (options: Options = {}) => open({ localEvaluation: true, accountId: 'a', ...options });
const ask = (provider: FlagshipServerProvider) => provider.resolveBooleanEvaluation('flag', false, {});
const send =
  (coding: string | readonly string[], body: string | Buffer, status = 200, headers = {}): AnswerFunction =>
  (response) =>
    void response.writeHead(status, { 'content-encoding': coding as string, ...headers }).end(body);
const asked = () => server.requests.map(({ headers }) => headers['accept-encoding']);
const failed = (errorMessage: RegExp) => ({
  value: false,
  reason: 'ERROR',
  errorCode: 'PARSE_ERROR',
  errorMessage: expect.stringMatching(errorMessage),
});

describe.each(Object.entries(clients))('a compressed answer, with %s', (_, client) => {
  it.each(Object.entries(codings))('in %s is read', async (name, compress) => {
    const coding = name.split(' without ')[0] ?? '';
    server.script(send(coding, compress(good)));
    expect(await ask(open(client))).toMatchObject({ value: true, variant: 'on' });
  });

  it('may be an error, whose code and reason are read', async () => {
    const error = JSON.stringify({ errorCode: 'INVALID_CONTEXT', errorDetails: 'the plan is unknown' });
    server.script(send('gzip', gzipSync(error), 400));
    expect(await ask(open(client))).toMatchObject({
      errorCode: 'INVALID_CONTEXT',
      errorMessage: expect.stringContaining('the plan is unknown'),
    });
  });

  it('has its limit counted on what it decodes to', async () => {
    server.script(send('gzip', Buffer.concat([gzipSync(good), blanks])));
    expect(await ask(open(client))).toMatchObject(failed(/larger than 131072 bytes/));
    expect(server.requests).toHaveLength(1);
  });

  it('that breaks off is asked for again, and then the default', async () => {
    server.script(send('gzip', gzipSync(good).subarray(0, 30)));
    expect(await ask(open(client))).toMatchObject({ value: false, reason: 'ERROR' });
    expect(server.requests).toHaveLength(2);
    server.script(send('gzip', gzipSync(good).subarray(0, 30)), send('br', brotliCompressSync(good)));
    expect(await ask(open(client))).toMatchObject({ value: true });
  });

  it('in an unknown coding is read where it is text', async () => {
    server.script(send('utf-8', good));
    expect(await ask(open(client))).toMatchObject({ value: true });
  });

  it('may be definitions', async () => {
    const body = JSON.stringify({ flags: fixedFlags({ flag: true }) });
    server.script(send('gzip', gzipSync(body), 200, { etag: 'W/"1"' }), { status: 304 });
    const provider = openLocal(client);
    await provider.initialize();
    expect(await provider.refresh()).toBe(true);
    expect(server.requests.at(-1)?.headers['if-none-match']).toBe('W/"1"');
    expect(await ask(provider)).toMatchObject({ value: true });
  });
});

describe('the built-in client', () => {
  it('asks for the codings that it reads', async () => {
    server.script({ body: JSON.parse(good) as unknown });
    await ask(open());
    await ask(open({ contextTransport: 'body' }));
    server.script({ status: 503 });
    await openLocal({ retries: 0 })
      .initialize()
      .catch(() => undefined);
    expect(asked()).toEqual(['gzip, deflate, br']);
  });

  it.each<readonly [string, Options]>([
    ['"headers"', { headers: { 'Accept-Encoding': 'identity' } }],
    ['"fetchOptions.headers"', { fetchOptions: { headers: { 'accept-encoding': 'identity' } } }],
    ['"headersFactory"', { headersFactory: () => ({ 'accept-encoding': 'identity' }) }],
  ])('asks for what %s name instead', async (_, options) => {
    server.script({ body: JSON.parse(good) as unknown });
    await ask(open(options));
    expect(asked()).toEqual(['identity']);
  });

  it.each<readonly [string, string, string | Buffer, RegExp]>([
    ['says gzip and is text', 'gzip', good, /cannot be decoded as "gzip".*incorrect header check/],
    ['says br and is text', 'br', good, /cannot be decoded as "br"/],
    ['says deflate and is text', 'deflate', good, /cannot be decoded as "deflate"/],
    ['ends early', 'gzip', gzipSync(good).subarray(0, 20), /"gzip".*unexpected end/],
    ['is compressed once less than it says', 'gzip, gzip', gzipSync(good), /"gzip, gzip"/],
    ['is compressed too often', Array(6).fill('gzip').join(), gzipSync(good), /more than 5 codings/],
    [
      'is in an unknown coding',
      'zstd',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]),
      /"zstd".*gzip, deflate, br/,
    ],
  ])('asks again for a body that %s, and says what is wrong', async (_, coding, body, message) => {
    server.script(send(coding, body));
    const provider = open();
    expect(await ask(provider)).toMatchObject(failed(message));
    expect(server.requests).toHaveLength(2);
    expect(provider.stats().upstream?.outcomes.unreadable).toBe(2);
    server.script({ body: JSON.parse(good) as unknown });
    expect(await ask(provider)).toMatchObject({ value: true });
  });

  it('reads codings that stand in several headers', async () => {
    server.script(send(['gzip', 'br'], brotliCompressSync(gzipSync(good))));
    expect(await ask(open())).toMatchObject({ value: true });
  });

  it('refuses a bomb within a bomb', async () => {
    server.script(send('gzip, gzip', gzipSync(blanks)));
    expect(await ask(open())).toMatchObject(failed(/larger than 131072 bytes/));
  });

  it('goes by the status of an error whose body cannot be decoded', async () => {
    for (const [status, errorCode, requests] of [
      [404, 'FLAG_NOT_FOUND', 1],
      [401, 'GENERAL', 1],
      [503, 'GENERAL', 2],
    ] as const) {
      server.script(send('gzip', 'no gzip', status));
      expect(await ask(open())).toMatchObject({
        errorCode,
        errorMessage: expect.stringContaining(String(status)),
      });
      expect(server.requests).toHaveLength(requests);
    }
  });

  it('waits for a compressed body no longer than its time limit', async () => {
    server.script((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync(good).subarray(0, 20));
    });
    expect(await ask(open({ timeout: 200, retries: 0 }))).toMatchObject({
      errorCode: 'GENERAL',
      errorMessage: expect.stringContaining('within 200 ms'),
    });
  });
});

describe('compressed definitions', () => {
  const definitions = (value: boolean, padding = '') =>
    gzipSync(JSON.stringify({ flags: fixedFlags({ flag: value }), padding }));

  it('may be as large as 32 MB, decoded', async () => {
    server.script(send('gzip', definitions(true, ' '.repeat(25 * MEGABYTE))));
    const provider = openLocal({ timeout: 60_000 });
    await provider.initialize();
    expect(await ask(provider)).toMatchObject({ value: true });
  });

  it('that are larger are refused', async () => {
    server.script(send('gzip', Buffer.concat([definitions(true), blanks])));
    await expect(openLocal({ timeout: 60_000 }).initialize()).rejects.toThrow(/larger than 33554432 bytes/);
  });

  it('that break off leave the flags as they are, until they come whole', async () => {
    server.script(send('gzip', definitions(true)));
    const provider = openLocal();
    await provider.initialize();
    server.script(send('gzip', definitions(false).subarray(0, 40)));
    expect(await provider.refresh()).toBe(false);
    expect(log).toEqual([expect.stringMatching(/cannot be decoded as "gzip".*unexpected end/)]);
    expect(await ask(provider)).toMatchObject({ value: true });
    server.script(send('gzip', definitions(false)));
    expect(await provider.refresh()).toBe(true);
    expect(await provider.resolveBooleanEvaluation('flag', true, {})).toMatchObject({ value: false });
  });

  it('of a 304 name a coding without a body', async () => {
    server.script(send('gzip', definitions(true), 200, { etag: '"1-gzip"' }), (response) => {
      response.writeHead(304, { 'content-encoding': 'gzip', etag: '"1-gzip"' }).end();
    });
    const provider = openLocal();
    await provider.initialize();
    expect(await provider.refresh()).toBe(true);
    expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1-gzip"']);
  });

  it('that are still decoded when the provider closes do not come back', async () => {
    server.script(send('gzip', definitions(true, ' '.repeat(25 * MEGABYTE))));
    const provider = openLocal({ timeout: 60_000 });
    const starting = provider.initialize().catch((error: unknown) => error);
    await waitUntil(() => server.requests.length === 1, 'the request');
    await provider.onClose();
    expect(await starting).toBeInstanceOf(Error);
    expect(await ask(provider)).toMatchObject({ value: false, errorCode: 'PROVIDER_NOT_READY' });
  });
});

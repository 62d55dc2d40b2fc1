import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { pathOf } from '../../fixtures/flagship-client';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();
const cleanUp = useCleanup();
const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`flag-${index}`, true]));
const begin = (flags: Record<string, boolean> = many) => servers.startFlagship({ flags });

async function download(flagship: LocalFlagship, headers: Record<string, string>) {
  const request = httpRequest({
    host: '127.0.0.1',
    port: flagship.port,
    path: pathOf(flagship, 'definitions'),
    headers,
    agent: false,
  }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const { etag = '', vary, 'content-encoding': coding } = response.headers;
  return { status: response.statusCode, etag, vary, coding, bytes: Buffer.concat(chunks) };
}

describe('definitions', () => {
  it('are compressed for a client that accepts gzip, and are the same', async () => {
    const flagship = await begin();
    const plain = await download(flagship, {});
    const packed = await download(flagship, { 'accept-encoding': 'gzip, deflate, br' });
    expect([plain.coding, packed.coding]).toEqual([undefined, 'gzip']);
    expect([plain.vary, packed.vary]).toEqual(['accept-encoding', 'accept-encoding']);
    expect(gunzipSync(packed.bytes)).toEqual(plain.bytes);
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 5);
  });

  it.each([
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['*', 'gzip'],
    ['br, GZIP;q=0.1', 'gzip'],
    ['gzip;q=0, *', undefined],
    ['gzip; q=0.000', undefined],
    ['*;q=0', undefined],
    ['br, deflate', undefined],
    ['identity', undefined],
    ['', undefined],
  ])('for the header accept-encoding "%s" are sent as %s', async (accepted, coding) => {
    expect((await download(await begin(), { 'accept-encoding': accepted })).coding).toBe(coding);
  });

  it('that are small are sent as they are', async () => {
    expect((await download(await begin({ flag: true }), { 'accept-encoding': 'gzip' })).coding).toBe(
      undefined,
    );
  });

  it('have one tag, weak in the compressed form, and are known by it in either form', async () => {
    const flagship = await begin();
    const accepting = { 'accept-encoding': 'gzip' };
    const plain = await download(flagship, {});
    const packed = await download(flagship, accepting);
    expect(plain.etag).toMatch(/^"[\w-]{43}"$/);
    expect(packed.etag).toBe(`W/${plain.etag}`);
    const ask = async (known: string, headers: Record<string, string>) => {
      const { status, etag } = await download(flagship, { ...headers, 'if-none-match': known });
      return [status, etag];
    };
    for (const known of [plain.etag, packed.etag, `"other", ${packed.etag}`, '*']) {
      expect(await ask(known, accepting)).toEqual([304, packed.etag]);
      expect(await ask(known, {})).toEqual([304, plain.etag]);
    }
    flagship.setFlags({ ...many, 'flag-0': false });
    expect((await ask(packed.etag, accepting))[0]).toBe(200);
  });

  it('reach local evaluation compressed, and a refresh asks whether they have changed', async () => {
    const flagship = await begin();
    const { url: baseUrl, accountId, appId } = flagship;
    const provider = new FlagshipServerProvider({ baseUrl, accountId, appId, localEvaluation: true });
    cleanUp(() => provider.onClose());
    await provider.initialize();
    const value = () => provider.resolveBooleanEvaluation('flag-0', false, {});
    expect(await value()).toMatchObject({ value: true });
    expect(await provider.refresh()).toBe(true);
    flagship.setFlags({ ...many, 'flag-0': false });
    expect(await provider.refresh()).toBe(true);
    expect(await provider.resolveBooleanEvaluation('flag-0', true, {})).toMatchObject({ value: false });
  });
});

import { FlagshipServerProvider } from 'nestjs-flagship';
import { answer, askNew } from '../fixtures/open-providers';

const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: () => never } };

/** As on Cloudflare Workers, where undici loads, and fails when it first parses a response. */
it('a runtime that compiles no WebAssembly sends requests through its fetch', async () => {
  const compile = jest.spyOn(WebAssembly, 'Module').mockImplementation(() => {
    throw new Error('Wasm code generation disallowed by embedder');
  });
  const fetch = jest
    .spyOn(globalThis, 'fetch')
    .mockImplementation(() => Promise.resolve(Response.json(answer(true).body)));
  const provider = new FlagshipServerProvider({ endpoint: 'http://flagship.test/evaluate', retries: 0 });
  expect(await askNew(provider)).toMatchObject({ value: true, reason: 'STATIC' });
  expect(fetch).toHaveBeenCalledTimes(1);
  await provider.onClose();
  fetch.mockRestore();
  compile.mockRestore();
});

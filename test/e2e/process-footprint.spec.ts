import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixedFlags, serves } from '../fixtures/definitions';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useBuiltPackage } from '../fixtures/use-built-package';
import { useServer } from '../fixtures/use-server';

describe('processes that evaluate by themselves', () => {
  const built = useBuiltPackage();
  const servers = useServer();
  const { runScript: run } = built;
  let server: ScriptedServer;

  beforeAll(async () => {
    writeFileSync(join(built.folder, 'flags.json'), '{"flag": "one"}');
    server = await servers.start();
  });

  /** A script that makes a provider, registers it and asks it once; then it does `after`. */
  const asking = (options: string, after = '') => `
    require('reflect-metadata');
    const { OpenFeature } = require('@openfeature/server-sdk');
    const { FlagshipServerProvider } = require('./dist');
    const provider = new FlagshipServerProvider(${options});
    OpenFeature.setProviderAndWait(provider)
      .catch((error) => console.log('not started:', error.code ?? error.message))
      .then(() => OpenFeature.getClient().getStringDetails('flag', 'default'))
      .then(({ value, errorCode }) => console.log(errorCode ?? value))
      .then(() => { ${after} });`;
  const local = () => `{
    endpoint: '${server.url}/evaluate', accountId: 'account', localEvaluation: true,
    refreshInterval: 60000, timeout: 60000, retries: 0,
  }`;
  const good = { end: [0, null], errors: '', output: 'one\n' };

  describe('end by themselves', () => {
    it('with local evaluation', async () => {
      server.script(serves(fixedFlags({ flag: 'one' })));
      expect(await run(asking(local()))).toEqual(good);
      expect(server.requests).toHaveLength(1);
    });

    it('with local evaluation, closed', async () => {
      server.script(serves(fixedFlags({ flag: 'one' })));
      expect(await run(asking(local(), 'return OpenFeature.close();'))).toEqual(good);
    });

    it('with local evaluation that waits to try again', async () => {
      server.script({ status: 503 });
      expect(await run(asking(local()))).toEqual({
        ...good,
        output: 'not started: NETWORK_ERROR\nPROVIDER_NOT_READY\n',
      });
    });

    it('with local evaluation, closed while a refresh is under way', async () => {
      server.script(serves(fixedFlags({ flag: 'one' })), () => undefined);
      const after = `const refresh = provider.refresh(); return provider.onClose().then(() => refresh).then(console.log);`;
      expect(await run(asking(local(), after))).toEqual({ ...good, output: 'one\nfalse\n' });
    });

    it('with flags in a file', async () => {
      expect(await run(asking(`{ definitions: './flags.json' }`))).toEqual(good);
    });
  });

  describe('never load undici', () => {
    const loaded = `console.log(Object.keys(require.cache).filter((file) => /[\\\\/]undici[\\\\/]/.test(file)).length);`;
    const none = { ...good, output: 'one\n0\n' };
    const binding = `(() => {
      const details = () => Promise.resolve({ value: 'one' });
      return { getBooleanDetails: details, getStringDetails: details, getNumberDetails: details, getObjectDetails: details };
    })()`;

    it.each([
      ['with a file', `{ definitions: './flags.json' }`],
      ['with an object', `{ definitions: { flag: 'one' } }`],
      ['with a binding', `{ binding: ${binding} }`],
    ])('%s', async (_, options) => {
      expect(await run(asking(options, loaded))).toEqual(none);
    });

    it('with a file, in an application', async () => {
      const script = `
        require('reflect-metadata');
        const { NestFactory } = require('@nestjs/core');
        const { FlagshipModule, FlagService } = require('./dist');
        NestFactory.createApplicationContext(FlagshipModule.forRoot({ definitions: './flags.json' }), { logger: false })
          .then(async (app) => {
            console.log(await app.get(FlagService).getStringValue('flag', 'default'));
            await app.close();
            ${loaded}
          });`;
      expect(await run(script)).toEqual(none);
    });

    it('load it for a request, which shows that the count works', async () => {
      server.script(serves(fixedFlags({ flag: 'one' })));
      const { output } = await run(asking(local(), loaded));
      expect(Number(output.split('\n')[1])).toBeGreaterThan(0);
    });
  });
});

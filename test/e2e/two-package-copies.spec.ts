import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { useBuiltPackage } from '../fixtures/use-built-package';

describe('two copies of the package in one process', () => {
  const built = useBuiltPackage();
  beforeAll(() => {
    cpSync(join(built.folder, 'dist'), join(built.folder, 'second/dist'), { recursive: true });
  });

  /** Runs the body of an asynchronous function in a process of its own; what it returned. */
  async function inProcess(body: string): Promise<unknown> {
    const script = `
      require('reflect-metadata');
      const { NestFactory } = require('@nestjs/core');
      const { OpenFeature, ProviderEvents, ProviderStatus } = require('@openfeature/server-sdk');
      const [one, two] = ['./dist', './second/dist'].map((path) => ({
        ...require(path),
        ...require(path + '/testing'),
      }));
      if (one.FlagshipModule === two.FlagshipModule) throw new Error('one copy');
      const start = (copy, flag, options = {}) =>
        NestFactory.createApplicationContext(
          copy.FlagshipTestingModule.forRoot({ flag }, options), { logger: ['error', 'warn'] });
      const ask = (app, copy, domain) =>
        app.get(copy.getFlagsToken(domain)).getStringValue('flag', 'default');
      (async () => { ${body} })().then((result) => console.log(JSON.stringify(result)));`;
    const { output, errors } = await built.runScript(script);
    expect(errors).toBe('');
    return JSON.parse(output);
  }

  it('each keep their own flags, and closing one leaves the other', async () => {
    const seen = await inProcess(`
      const first = await start(one, 'of one');
      const second = await start(two, 'of two');
      const third = await start(one, 'of one again');
      const both = () => Promise.all([ask(first, one), ask(second, two), ask(third, one)]);
      const seen = [await both(), await OpenFeature.getClient().getStringValue('flag', 'default')];
      await first.close();
      seen.push(await both());
      await third.close();
      seen.push(await both());
      // The default domain is free again.
      const fourth = await start(two, 'of two again');
      seen.push(await OpenFeature.getClient().getStringValue('flag', 'default'));
      await Promise.all([second.close(), fourth.close()]);
      return seen;`);
    expect(seen).toEqual([
      ['of one', 'of two', 'of one again'],
      'of one',
      ['default', 'of two', 'of one again'],
      ['default', 'of two', 'default'],
      'of two again',
    ]);
  });

  it('share a domain as two applications of one copy do', async () => {
    const seen = await inProcess(`
      const first = await start(one, 'of one', { domain: 'billing' });
      const second = await start(two, 'of two', { domain: 'billing' });
      const seen = [await ask(first, one, 'billing'), await ask(second, two, 'billing')];
      await second.close();
      seen.push(await ask(first, one, 'billing'));
      await first.close();
      return seen;`);
    expect(seen).toEqual(['of one', 'of two', 'of one']);
  });

  it('receive the events of their own changes alone', async () => {
    const seen = await inProcess(`
      const heard = [];
      const told = (name) => ({ handlers: [[ProviderEvents.ConfigurationChanged, () => heard.push(name)]] });
      const first = await start(one, 'a', told('one'));
      const second = await start(two, 'a', told('two'));
      const third = await start(two, 'a', { ...told('billing'), domain: 'billing' });
      first.get(one.TestFlags).set('flag', 'b');
      second.get(two.TestFlags).set('flag', 'b');
      third.get(two.TestFlags).set('flag', 'b');
      await Promise.all([first, second, third].map((app) => app.close()));
      return heard;`);
    expect(seen).toEqual(['one', 'two', 'billing']);
  });

  it('close a provider that both use when the last of them closes', async () => {
    const seen = await inProcess(`
      const provider = new one.FlagshipServerProvider({ definitions: { flag: 'shared' } });
      const make = (copy) => NestFactory.createApplicationContext(
        copy.FlagshipModule.forRoot({ provider }), { logger: ['error', 'warn'] });
      const first = await make(one);
      const second = await make(two);
      const seen = [await ask(first, one), await ask(second, two)];
      await first.close();
      seen.push(await ask(second, two));
      await second.close();
      seen.push((await provider.resolveStringEvaluation('flag', 'default', {})).errorCode);
      return seen;`);
    expect(seen).toEqual(['shared', 'shared', 'shared', 'PROVIDER_NOT_READY']);
  });

  it('know the user of a request, whichever copy has opened its scope', async () => {
    const seen = await inProcess(`
      const first = await start(one, 'a');
      const second = await start(two, 'a');
      const [flags, others] = [first.get(one.FlagService), second.get(two.FlagService)];
      const seen = flags.withContext({ targetingKey: 'ann' }, () => flags.context);
      const own = others.withContext({ targetingKey: 'bob' }, () => others.context);
      await Promise.all([first.close(), second.close()]);
      return [seen, own];`);
    expect(seen).toEqual([{ targetingKey: 'ann' }, { targetingKey: 'bob' }]);
  });
});

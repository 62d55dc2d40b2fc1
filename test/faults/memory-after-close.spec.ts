import { Test, type TestingModule } from '@nestjs/testing';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { type FlagService, FlagshipModule, type FlagshipModuleOptions, getFlagsToken } from 'nestjs-flagship';
import { TestFlags } from 'nestjs-flagship/testing';
import { waitUntilGone } from '../fixtures/garbage';
import { useProcessWatch } from '../fixtures/use-process-watch';
import { useBuiltPackage } from '../fixtures/use-built-package';

useProcessWatch();
const built = useBuiltPackage();

const compile = (options: FlagshipModuleOptions): Promise<TestingModule> =>
  Test.createTestingModule({ imports: [FlagshipModule.forRoot(options)] }).compile();

describe('an application that has closed', () => {
  /** Closes an application that has answered a flag; what only it should have held. */
  async function useAndClose(options: FlagshipModuleOptions): Promise<WeakRef<object>[]> {
    const handled = { some: 'object' };
    const app = await compile({
      definitions: { flag: 'one' },
      hooks: [{ before: () => void Object.assign(handled, { used: true }) }],
      handlers: [[ProviderEvents.Ready, () => void Object.assign(handled, { used: true })]],
      ...options,
    });
    const flags = app.get<FlagService>(getFlagsToken(options.domain));
    expect(await flags.getStringValue('flag', 'default')).toBe('one');
    const { domain } = flags.client.metadata;
    const held = [handled, flags, OpenFeature.getProvider(domain)].map((object) => new WeakRef(object));
    await app.close();
    return held;
  }

  it.each([
    ['with the default domain', {}],
    ['with a domain', { domain: 'billing' }],
    ['with a domain of its own', { domain: 'only-once' }],
    ['with request contexts', { propagation: 'middleware', contextFactory: () => ({}) }],
  ] as [string, FlagshipModuleOptions][])('%s is forgotten', async (_, options) => {
    await waitUntilGone(await useAndClose(options), 'the parts of the application');
  });

  it('beside another one is forgotten', async () => {
    const other = await compile({ definitions: { flag: 'other' } });
    await waitUntilGone(await useAndClose({}), 'the parts of the application');
    await other.close();
  });
});

it('a provider of this package that serves one application after another keeps listeners of the last only', async () => {
  const { provider } = new TestFlags({ flag: 'one' });
  const counts = () =>
    Object.values(ProviderEvents).map((event) => provider.events?.getHandlers(event).length);
  const seen: unknown[] = [];
  for (const domain of Array.from({ length: 15 }, () => [undefined, 'billing']).flat()) {
    const app = await compile({ provider, domain });
    seen.push(counts());
    await app.close();
    expect(counts()).toEqual(counts().map(() => 0));
  }
  expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBeLessThanOrEqual(2);
});

it('a provider that serves several applications at once is heard by those that are left', async () => {
  const flags = new TestFlags({ flag: 'one' });
  const heard: string[] = [];
  const { provider } = flags;
  const make = (name: string) =>
    compile({ provider, handlers: [[ProviderEvents.ConfigurationChanged, () => void heard.push(name)]] });
  const [one, two] = [await make('one'), await make('two')];
  flags.set('flag', 'two');
  expect(heard).toEqual(['one', 'two']);
  await one.close();
  flags.set('flag', 'three');
  expect(heard).toEqual(['one', 'two', 'two']);
  await two.close();
});

it('hundreds of applications leave about as much behind as without the module', async () => {
  const script = `
    require('reflect-metadata');
    const { setTimeout: delay } = require('node:timers/promises');
    const { Module } = require('@nestjs/common');
    const { NestFactory } = require('@nestjs/core');
    const { FlagshipModule, getFlagsToken } = require('./dist');
    class Bare {}
    Module({})(Bare);
    const handlers = ['READY', 'STALE', 'ERROR', 'CONFIGURATION_CHANGED'].map((event) => ['PROVIDER_' + event, () => undefined]);
    const ours = (options) => FlagshipModule.forRoot({ definitions: { flag: true }, handlers, hooks: [{}], ...options });
    const kinds = { bare: () => Bare, ours, named: () => ours({ domain: 'billing' }) };
    const many = async (count, make) => {
      for (let nth = 0; nth < count; nth++) {
        const app = await NestFactory.createApplicationContext(make({}), { logger: false });
        if (make !== kinds.bare) await app.get(getFlagsToken(make === kinds.named ? 'billing' : undefined)).isEnabled('flag');
        await app.close();
      }
    };
    const used = async () => {
      for (let turn = 0; turn < 5; turn++) { gc(); await delay(10); }
      return process.memoryUsage().heapUsed;
    };
    (async () => {
      const result = {};
      for (const [kind, make] of Object.entries(kinds)) {
        await many(150, make);
        const before = await used();
        await many(300, make);
        result[kind] = Math.round((await used() - before) / 300);
      }
      console.log(JSON.stringify(result));
    })();`;
  const child = built.run('--expose-gc', '-e', script);
  expect([await child.ended, child.errors()]).toEqual([[0, null], '']);
  const { bare, ours, named } = JSON.parse(child.output()) as Record<string, number>;
  // Bytes an application; compiled code and the like make them differ by some hundreds from run to run.
  expect(ours! - bare!).toBeLessThan(2000);
  expect(named! - bare!).toBeLessThan(2000);
}, 300_000);

import { type TestingModule } from '@nestjs/testing';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { FlagshipTestingModule, TestFlags } from 'nestjs-flagship/testing';
import { useBuiltPackage } from '../../fixtures/use-built-package';
import { HomeService } from '../../fixtures/shop-app';
import { useTestingShop } from '../../fixtures/use-testing-shop';

const { apps } = useTestingShop();
const built = useBuiltPackage();

describe('several applications at once', () => {
  it('each have their own flags, and closing one leaves the others', async () => {
    // One module object for all: what is made of it must not be shared.
    const one = FlagshipTestingModule.forRoot({ 'home-page': 'same' });
    const testing = await Promise.all(
      Array.from({ length: 12 }, () => apps.compile({ imports: [one], providers: [HomeService] })),
    );
    const open = new Set(testing);
    for (const [nth, module] of testing.entries()) module.get(TestFlags).set('home-page', `page ${nth}`);
    const pages = () => Promise.all(testing.map((module) => module.get(HomeService).page()));
    expect(await pages()).toEqual(testing.map((_, nth) => `page ${nth}`));
    const [first, , third] = testing;
    for (const module of [first!, third!]) {
      open.delete(module);
      await module.close();
    }
    const expected = testing.map((module, nth) => (open.has(module) ? `page ${nth}` : 'classic'));
    expect(await pages()).toEqual(expected);
    await Promise.all([...open].map((module) => module.close()));
    open.clear();
    // The default domain of the process is free again for the next application.
    await apps.compile({ imports: [FlagshipTestingModule.forRoot({ page: 'next' })] });
    expect(await OpenFeature.getClient().getStringValue('page', '?')).toBe('next');
  });

  it('each receive the events of their own changes alone', async () => {
    const changes: string[] = [];
    const made: TestingModule[] = [];
    // One after the other: each finds the ones before it in OpenFeature.
    for (let nth = 0; nth < 12; nth++) {
      const module = FlagshipTestingModule.forRoot(
        {},
        { handlers: [[ProviderEvents.ConfigurationChanged, () => void changes.push(`change of ${nth}`)]] },
      );
      const testing = await apps.compile({ imports: [module] });
      made.push(testing);
    }
    for (const testing of made) testing.get(TestFlags).set('flag', true);
    expect(changes).toEqual(made.map((_, nth) => `change of ${nth}`));
  });

  it('keep no process alive and cause no warning of Node, even if they are never closed', async () => {
    const script = `
      require('reflect-metadata');
      const { Test } = require('@nestjs/testing');
      const { FlagService, FlagshipModule } = require('./dist');
      const { FlagshipTestingModule, TestFlags } = require('./dist/testing');
      const real = FlagshipModule.forRoot({ appId: 'a', accountId: 'b', localEvaluation: true });
      const ask = (testing) => {
        testing.get(TestFlags).setFor('ann', 'flag', 'two');
        return testing.get(FlagService).getStringValue('flag', '?', { targetingKey: 'ann' });
      };
      (async () => {
        for (let nth = 0; nth < 12; nth++) {
          const testing = await Test.createTestingModule({ imports: [real] })
            .overrideModule(FlagshipModule)
            .useModule(FlagshipTestingModule.forRoot({ flag: 'one' }))
            .compile();
          if ((await ask(testing)) !== 'two') console.log('was not asked');
        }
        const undici = Object.keys(require.cache).filter((file) => /[\\\\/]undici[\\\\/]/.test(file));
        const resources = process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name));
        console.log(undici.length, resources.length);
      })();`;
    const { end, output, errors } = await built.runScript(script);
    expect({ end, output, errors }).toEqual({ end: [0, null], output: '0 0\n', errors: '' });
  });
});

import { Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { type TestingModule } from '@nestjs/testing';
import { type FlagService, FlagshipModule, getFlagsToken, InjectFlags } from 'nestjs-flagship';
import { FlagshipTestingModule, TestFlags } from 'nestjs-flagship/testing';
import { useApp } from '../fixtures/use-app';
import { captureLog } from '../fixtures/captured-log';

const apps = useApp();
let lines: string[];
beforeEach(() => {
  lines = captureLog();
});
afterEach(() => {
  // Nest warns of a module whose hash takes it more than 10 ms, as on a busy machine.
  expect(lines.filter((line) => !/^warn The module .* is taking .*ms to serialize/.test(line))).toEqual([]);
  jest.restoreAllMocks();
});

/** Reads a flag of the domain, in a module that alone imports that domain's flags. */
function readerOf(domain: string, flags: ReturnType<typeof FlagshipModule.forRoot>) {
  @Injectable()
  class Reader {
    constructor(@InjectFlags(domain) readonly flags: FlagService) {}
  }
  @Module({ imports: [flags], providers: [Reader], exports: [Reader] })
  class ReaderModule {}
  return { Reader, ReaderModule };
}

// 'deep-hash' is how Nest 10 tells modules from each other: by what their metadata reads like.
describe.each(['reference', 'deep-hash'] as const)(
  'modules told apart by %s',
  (moduleIdGeneratorAlgorithm) => {
    const create = (metadata: ModuleMetadata): Promise<TestingModule> =>
      apps.compile({ ...metadata, moduleIdGeneratorAlgorithm });
    const read = (flags: FlagService) => flags.getStringValue('flag', 'default');

    it.each([
      [
        'forRoot',
        (flag: string, domain?: string) => FlagshipModule.forRoot({ domain, definitions: { flag } }),
      ],
      [
        'forRootAsync',
        (flag: string, domain?: string) =>
          FlagshipModule.forRootAsync({ domain, useFactory: () => ({ definitions: { flag } }) }),
      ],
      [
        'a testing module',
        (flag: string, domain?: string) => FlagshipTestingModule.forRoot({ flag }, { domain }),
      ],
    ])('two of %s keep their own flags', async (_, make) => {
      const app = await create({
        imports: [make('main'), make('billed', 'billing'), make('shipped', 'shipping')],
      });
      const domains = [undefined, 'billing', 'shipping'];
      const answers = await Promise.all(domains.map((domain) => read(app.get(getFlagsToken(domain)))));
      expect(answers).toEqual(['main', 'billed', 'shipped']);
    });

    it('two testing modules of one application are changed one by one', async () => {
      const make = (flag: string, domain: string) =>
        readerOf(domain, FlagshipTestingModule.forRoot({ flag }, { domain, isGlobal: false }));
      const [billing, shipping] = [make('billed', 'billing'), make('shipped', 'shipping')];
      const testing = await create({ imports: [billing.ReaderModule, shipping.ReaderModule] });
      const tests = testing.get(TestFlags, { each: true });
      expect(new Set(tests).size).toBe(2);
      const both = () =>
        Promise.all([read(testing.get(billing.Reader).flags), read(testing.get(shipping.Reader).flags)]);
      expect(await both()).toEqual(['billed', 'shipped']);
      for (const [nth, flags] of tests.entries()) flags.set('flag', `changed ${nth}`);
      expect(new Set(await both())).toEqual(new Set(['changed 0', 'changed 1']));
    });

    it('one module that several import is one', async () => {
      const shared = FlagshipTestingModule.forRoot({ flag: 'shared' }, { isGlobal: false, domain: 'shared' });
      const [one, two] = [readerOf('shared', shared), readerOf('shared', shared)];
      const app = await create({ imports: [one.ReaderModule, two.ReaderModule] });
      expect(app.get(one.Reader).flags).toBe(app.get(two.Reader).flags);
      expect(app.get(TestFlags, { each: true, strict: false })).toHaveLength(1);
    });
  },
);

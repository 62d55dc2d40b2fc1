import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DynamicModule, type Type } from '@nestjs/common';
import { FlagService, type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { useCleanup } from '../fixtures/use-cleanup';
import {
  commandOptions,
  type DocumentedOptions,
  interfaceOptions,
  parsedOptions,
} from './documented-options';
import { tableOf } from './markdown';
import { readme } from './readme-blocks';
import { useReadme } from './use-readme';

const code = useReadme();
const cleanUp = useCleanup();

it('async.module.ts: a factory, a class and an existing provider give the options', async () => {
  const { FlagshipSettings, withFactory, withClass, withExisting } = code.load<
    { FlagshipSettings: Type } & Record<'withFactory' | 'withClass' | 'withExisting', DynamicModule>
  >('async.module.ts');
  // The settings get the address here, because the modules take their options from them alone.
  const create = FlagshipSettings.prototype.createFlagshipOptions as () => object;
  FlagshipSettings.prototype.createFlagshipOptions = () => ({ ...create(), baseUrl: code.flagship.url });
  for (const module of [withFactory, withClass, withExisting]) {
    const { app } = await code.start(module);
    expect(await app.get(FlagService).getStringValue('home-page', 'classic')).toBe('modern');
  }
});

it('rotating-token.ts: each request has the token of the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'readme-'));
  cleanUp(() => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  code.setEnvironment('FLAGSHIP_TOKEN_FILE', file);
  const { options } = code.load<{ options: FlagshipProviderOptions }>('rotating-token.ts');
  const provider = new FlagshipServerProvider({ ...options, baseUrl: code.flagship.url, retries: 0 });
  cleanUp(() => provider.onClose());
  const read = () => provider.resolveStringEvaluation('home-page', 'classic', {});
  await writeFile(file, `${process.env.FLAGSHIP_TOKEN}\n`);
  expect(await read()).toMatchObject({ value: 'modern' });
  await writeFile(file, 'another');
  expect(await read()).toMatchObject({ value: 'classic', errorCode: 'GENERAL' });
});

describe('the tables list every option with its default:', () => {
  // A dash in a table is `@default none` in a comment.
  const plain = (text: string): string => text.replace(/[`']/g, '').replace(/^none$/, '–');
  const moduleOptions = 'lib/options/module-options.ts';
  const extras = interfaceOptions(moduleOptions, 'FlagshipModuleExtras');
  const tables: [heading: string, options: DocumentedOptions][] = [
    ['Provider options', interfaceOptions('lib/options/provider-options.ts', 'FlagshipProviderOptions')],
    ['Circuit breaker options', interfaceOptions('lib/options/provider-options.ts', 'CircuitBreakerOptions')],
    ['Module options', new Map([...interfaceOptions(moduleOptions, 'FlagshipModuleSettings'), ...extras])],
    ['Request context options', interfaceOptions(moduleOptions, 'RequestContextOptions')],
    [
      'Options of forRootAsync',
      new Map([
        ...interfaceOptions(moduleOptions, 'FlagshipModuleAsyncOptions'),
        ...extras,
        // Inherited from Nest's own type.
        ['imports', undefined],
      ]),
    ],
    ['Guard options', interfaceOptions('lib/guards/feature-flag.options.ts', 'FeatureFlagOptions')],
    ['Health check options', interfaceOptions('lib/terminus/health-options.ts', 'FlagshipHealthOptions')],
    ['Local Flagship options', interfaceOptions('lib/local-server/local-options.ts', 'LocalFlagshipOptions')],
    ['Command line options', commandOptions()],
  ];

  it.each(tables)('%s', (heading, options) => {
    const rows = tableOf(readme, heading);
    const listed = rows.map((row) => [plain(row[0] ?? ''), plain(row[row.length > 2 ? 2 : 1] ?? '')]);
    const documented = [...options].map(([name, standard]) => [name, plain(standard ?? '–')]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(documented));
    expect(listed).toHaveLength(documented.length);
  });

  it("the command's usage lists the options that it parses", () => {
    expect([...commandOptions().keys()]).toEqual(parsedOptions());
  });
});

describe('the text states the defaults:', () => {
  const options = interfaceOptions('lib/options/provider-options.ts', 'FlagshipProviderOptions');
  const defaultOf = (name: string): number => Number(options.get(name));

  it('the longest possible failure', () => {
    const attempts = defaultOf('retries') + 1;
    const seconds = (defaultOf('timeout') * attempts + defaultOf('retryDelay') * defaultOf('retries')) / 1000;
    expect(readme).toContain(`**${seconds} seconds with the defaults**`);
    expect(readme).toContain(`[${seconds} seconds](#errors) with the defaults`);
  });

  it('the API calls of local evaluation', () => {
    const calls = 300_000 / defaultOf('refreshInterval');
    expect(calls).toBe(10);
    expect(readme).toContain('ten in five minutes with the default of 30 seconds');
    expect(readme).toContain(`So ${1200 / calls} instances can share a token`);
  });
});

import { type DynamicModule, type Type } from '@nestjs/common';
import * as flagshipPackage from 'nestjs-flagship';
import {
  type AsyncModuleOptions,
  FlagshipModule,
  type FlagshipModuleAsyncOptions,
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { type LocalFlagship, type LocalFlagshipOptions } from 'nestjs-flagship/local';
import { type AppSetup, type RunningApp, useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';
import { runBlock } from './compile-blocks';
import { readmeCode } from './readme-blocks';

const TOKEN = 'readme-token';

/** Blocks that have an address of their own for Flagship. The other ones would send requests to Cloudflare. */
const BLOCKS_WITH_ADDRESS = ['app.module.ts', 'async.module.ts', 'checkout.test.ts'];

/** The README's code, and a local Flagship for it. */
export interface ReadmeCode {
  /** The local Flagship of the environment variables that the blocks read. */
  readonly flagship: LocalFlagship;
  /**
   * Runs a block and returns its exports.
   *
   * @param replacements Module name → the module that the block imports instead.
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows the block's exports
  load<Exports>(name: string, replacements?: Readonly<Record<string, unknown>>): Exports;
  /** Starts an application whose root imports the module. */
  start(module: Type | DynamicModule): Promise<RunningApp>;
  /** Starts an application that imports `FlagshipModule`, for blocks without a module. */
  startWith(setup: AppSetup, options?: Partial<FlagshipModuleOptions>): Promise<RunningApp>;
  /** Returns an import of `FlagshipModule` that uses the local Flagship. */
  flagshipModule(options?: Partial<FlagshipModuleOptions>): DynamicModule;
  /** Starts a second local Flagship, and directs the blocks with its app id to it. */
  startFlagship(options: LocalFlagshipOptions & { readonly appId: string }): Promise<LocalFlagship>;
  /** Sets an environment variable until the end of the test. */
  setEnvironment(name: string, value: string): void;
}

/**
 * Starts a local Flagship before all tests, and returns the functions that run the README's code with it. Each test
 * begins with the same three flags.
 */
export function useReadme(): ReadmeCode {
  const apps = useApp();
  const servers = useServer();
  const cleanUp = useCleanup();
  /** App id → the address of the local Flagship that serves it. */
  const addresses = new Map<string, string>();
  let flagship: LocalFlagship;

  beforeAll(async () => {
    flagship = await servers.startFlagship({ flags: {}, authToken: TOKEN });
    process.env.FLAGSHIP_APP_ID = flagship.appId;
    process.env.FLAGSHIP_ACCOUNT_ID = flagship.accountId;
    process.env.FLAGSHIP_TOKEN = TOKEN;
    process.env.FLAGSHIP_URL = flagship.url;
    addresses.set(flagship.appId, flagship.url);
  });
  beforeEach(() => {
    flagship.setFlags({ 'home-page': 'modern', 'upload-limit': 20, look: { accent: 'teal' } });
  });

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows the block's exports
  function load<Exports>(name: string, replacements: Readonly<Record<string, unknown>> = {}): Exports {
    const block = readmeCode.get(name);
    if (block === undefined) throw new Error(`The README has no block "${name}".`);
    return runBlock(block, (id) => {
      if (id.startsWith('./')) return load(`${id.slice(2)}.ts`);
      if (id === 'nestjs-flagship' && !BLOCKS_WITH_ADDRESS.includes(name)) return packageWith(addresses);
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- as the block's own require
      return replacements[id] ?? (require(id) as unknown);
    }) as Exports;
  }

  function flagshipModule(options: Partial<FlagshipModuleOptions> = {}): DynamicModule {
    const { appId, accountId, url: baseUrl } = flagship;
    return FlagshipModule.forRoot({ appId, accountId, baseUrl, authToken: TOKEN, ...options });
  }

  return {
    get flagship() {
      return flagship;
    },
    load,
    start: (module) => apps.start({ imports: [module] }),
    startWith: ({ imports = [], ...setup }, options) =>
      apps.start({
        imports: [flagshipModule(options), ...imports],
        ...setup,
      }),
    flagshipModule,
    startFlagship: async (options) => {
      const another = await servers.startFlagship({ authToken: TOKEN, ...options });
      addresses.set(another.appId, another.url);
      return another;
    },
    setEnvironment: (name, value) => {
      const before = process.env[name];
      process.env[name] = value;
      cleanUp(() => {
        if (before === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before;
      });
    },
  };
}

/** Returns the package with addresses of local Flagships in place of Cloudflare's, by app id. */
function packageWith(addresses: ReadonlyMap<string, string>): typeof flagshipPackage {
  const withAddress = <Options extends FlagshipProviderOptions>(options: Options): Options =>
    options.appId === undefined ? options : { baseUrl: addresses.get(options.appId), ...options };
  class LocalModule extends FlagshipModule {
    static override forRoot(options: FlagshipModuleOptions): DynamicModule {
      return FlagshipModule.forRoot(withAddress(options));
    }
    static override forRootAsync(options: FlagshipModuleAsyncOptions): DynamicModule {
      const create = options.useFactory as (...injected: unknown[]) => AsyncModuleOptions;
      const useFactory = (...injected: unknown[]) => withAddress(create(...injected));
      return FlagshipModule.forRootAsync({ ...options, useFactory });
    }
  }
  class LocalProvider extends FlagshipServerProvider {
    constructor(options: FlagshipProviderOptions) {
      super(withAddress(options));
    }
  }
  return { ...flagshipPackage, FlagshipModule: LocalModule, FlagshipServerProvider: LocalProvider };
}

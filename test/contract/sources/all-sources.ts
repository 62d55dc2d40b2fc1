import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EvaluationContext, type JsonValue } from '@openfeature/server-sdk';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';

export type FlagType = 'boolean' | 'string' | 'number' | 'object';
export type Details = Awaited<ReturnType<typeof ask>>;

export const SOURCES = [
  'remote query',
  'remote body',
  'remote auto',
  'localEvaluation',
  'definitions',
] as const;
export type SourceName = (typeof SOURCES)[number];

/** The metadata of answers about a flag that has none: what is known of its app. */
export const METADATA: Readonly<Record<SourceName, object>> = {
  'remote query': { flagSetId: 'local' },
  'remote body': { flagSetId: 'local' },
  'remote auto': { flagSetId: 'local' },
  localEvaluation: { flagSetId: 'local', version: expect.stringMatching(/^[\w-]{43}$/) },
  definitions: {},
};

export const defaults = { boolean: false, string: 'mine', number: -1, object: { mine: true } };

export async function ask(
  provider: FlagshipServerProvider,
  type: FlagType,
  flagKey: string,
  context: unknown,
) {
  const given = context as EvaluationContext;
  switch (type) {
    case 'boolean':
      return provider.resolveBooleanEvaluation(flagKey, defaults.boolean, given);
    case 'string':
      return provider.resolveStringEvaluation(flagKey, defaults.string, given);
    case 'number':
      return provider.resolveNumberEvaluation(flagKey, defaults.number, given);
    case 'object':
      return provider.resolveObjectEvaluation<JsonValue>(flagKey, defaults.object, given);
  }
}

export function typeOf(value: unknown): FlagType {
  const type = typeof value;
  return type === 'boolean' || type === 'string' || type === 'number' ? type : 'object';
}
/** The same flags behind every source. */
export interface Stage {
  readonly flagship: LocalFlagship;
  readonly providers: Readonly<Record<SourceName, FlagshipServerProvider>>;
  close(): Promise<void>;
}

export async function openStage(flags: object, accountId: string): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'sources-'));
  const path = join(folder, 'flags.json');
  writeFileSync(path, JSON.stringify({ flags }));
  const flagship = await startLocalFlagship({
    flags: { flags } as never,
    accountId,
    report: () => undefined,
  });
  // On a busy machine thousands of answers may take seconds.
  const at = { baseUrl: flagship.url, appId: flagship.appId, accountId, retries: 0, timeout: 60_000 };
  const open = async (options: FlagshipProviderOptions): Promise<FlagshipServerProvider> => {
    const provider = new FlagshipServerProvider(options);
    await provider.initialize();
    return provider;
  };
  const providers = {
    'remote query': await open({ ...at, contextTransport: 'query' }),
    'remote body': await open({ ...at, contextTransport: 'body' }),
    'remote auto': await open(at),
    localEvaluation: await open({ ...at, localEvaluation: true, refreshInterval: 60_000 }),
    definitions: await open({ definitions: path, accountId }),
  };
  return {
    flagship,
    providers,
    close: async () => {
      await Promise.all(Object.values(providers).map((provider) => provider.onClose()));
      await flagship.close();
      rmSync(folder, { recursive: true });
    },
  };
}

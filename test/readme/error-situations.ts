import { type EvaluationContext, TypedInMemoryProvider } from '@openfeature/server-sdk';
import {
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  type FlagshipServerProvider,
} from 'nestjs-flagship';
import { type ScriptedAnswer } from '../fixtures/scripted-server';
import { waitUntil } from '../fixtures/wait-until';

/** A way to get into a row of the README's table of errors. */
export interface Situation {
  /** The responses of Flagship. Default: a 500. */
  readonly script?: readonly ScriptedAnswer[];
  readonly options?: Partial<FlagshipProviderOptions>;
  readonly context?: EvaluationContext;
  /** Runs before the evaluation of the row. */
  readonly prepare?: (provider: FlagshipServerProvider) => Promise<unknown>;
  /** Replaces the options of HTTP with those of another source. */
  readonly source?: FlagshipProviderOptions;
  /** Whether the evaluation goes through OpenFeature's client, which adds the provider's state. */
  readonly throughClient?: boolean;
  /** Sends the evaluation through a module with these options. */
  readonly throughModule?: FlagshipModuleOptions;
}

/** Evaluates the flag that all situations share. */
export function evaluate(provider: FlagshipServerProvider, context: EvaluationContext = {}) {
  return provider.resolveStringEvaluation('flag', 'default', context);
}

const body = (content: object): ScriptedAnswer => ({ body: { flagKey: 'flag', variant: 'on', ...content } });
const status = (code: number): Situation => ({ script: [{ status: code }] });
const noResponse = (): void => undefined;
const locally = { localEvaluation: true, accountId: 'account', refreshInterval: 5 };
const start = (provider: FlagshipServerProvider) => provider.initialize().catch(() => undefined);
const fails = () => Promise.reject(new Error('The binding is unreachable.'));
const hangs = () => new Promise<never>(() => undefined);
const bindingOf = (method: () => Promise<never>) => ({
  getBooleanDetails: method,
  getStringDetails: method,
  getNumberDetails: method,
  getObjectDetails: method,
});
const providerWith = (members: object) => Object.assign(new TypedInMemoryProvider({}), members);

/** The first cell of each row of the table → the ways to get there. */
export const situations: Readonly<Record<string, readonly Situation[]>> = {
  'Flagship responded': ['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT'].map((reason) => ({
    script: [body({ value: 'served', reason })],
  })),
  'The cache had the resolution': [
    {
      script: [body({ value: 'served', reason: 'STATIC' })],
      options: { cacheTtl: 60_000 },
      prepare: evaluate,
    },
  ],
  'A stale resolution replaced a fresh one (`staleTtl`)': [
    {
      script: [body({ value: 'served', reason: 'STATIC' }), { status: 503 }],
      options: { cacheTtl: 1, staleTtl: 60_000, retries: 0 },
      prepare: async (provider) => {
        await evaluate(provider);
        await waitUntil(async () => (await evaluate(provider)).reason === 'STALE', 'the stale resolution');
      },
    },
  ],
  'The flag is disabled': [{ script: [body({ value: 'served', reason: 'DISABLED' })] }],
  'The flag, app or account does not exist (404)': [status(404)],
  'The cache knows that the flag does not exist (`negativeTtl`)': [
    { script: [{ status: 404 }], options: { negativeTtl: 60_000 }, prepare: evaluate },
  ],
  'The flag has another type than requested': [{ script: [body({ value: 7 })] }],
  'The context holds a value that cannot be sent': [
    { context: { tags: ['a'] }, options: { contextTransport: 'query' } },
    { context: { limit: NaN } },
  ],
  'The context is larger than Flagship accepts': [{ context: { text: 'x'.repeat(2 ** 15) } }],
  'The token is wrong or lacks the permission (401, 403)': [401, 403].map(status),
  'Any other 4xx, or a redirect': [400, 402, 405, 409, 418, 422, 301, 307].map(status),
  'No connection, or no complete response within `timeout`': [
    { script: [(response) => response.destroy()] },
    { script: [noResponse], options: { timeout: 50 } },
    { script: [(response) => void response.write('{')], options: { timeout: 50 } },
  ],
  '408, 425, 429 or 5xx': [408, 425, 429, 500, 502, 503].map(status),
  'No response within `deadline`': [{ script: [noResponse], options: { deadline: 500, retryDelay: 1000 } }],
  'The circuit is open': [
    { script: [{ status: 503 }], options: { circuitBreaker: { threshold: 1 } }, prepare: evaluate },
  ],
  'The signal of `fetchOptions` is aborted': [{ options: { fetchOptions: { signal: AbortSignal.abort() } } }],
  '`maxConcurrent` evaluations are in progress': [
    {
      script: [noResponse],
      options: { maxConcurrent: 1, timeout: 60_000 },
      prepare: async (provider) => {
        void evaluate(provider, { user: 'another' });
        await waitUntil(() => provider.stats().upstream?.inFlight === 1, 'the other evaluation');
      },
    },
  ],
  '`headersFactory` failed': [{ options: { headersFactory: () => Promise.reject(new Error('no token')) } }],
  'The response is not of the documented form': [
    { script: [{ body: '<html>' }] },
    { script: [{ body: [] }] },
  ],
  'The response is about another flag': [{ script: [body({ flagKey: 'other', value: true })] }],
  'The response is larger than 128 KB': [{ script: [body({ value: 'x'.repeat(2 ** 17) })] }],
  'A binding failed': [{ source: { binding: bindingOf(fails) } }],
  'A binding did not respond within `deadline`': [{ source: { deadline: 50, binding: bindingOf(hangs) } }],
  "The flag's definition is malformed, evaluated locally": [
    { script: [{ body: { flags: { flag: { enabled: true } } } }], options: locally, prepare: start },
    { source: { definitions: { flag: { enabled: true, variations: { on: 1 } } } } },
  ],
  'Local evaluation has no definitions yet': [
    { script: [{ status: 500 }], options: { ...locally, retries: 0 }, prepare: start },
  ],
  'Local evaluation was refused at the start (401, 403)': [401, 403].map((code) => ({
    ...status(code),
    options: locally,
    throughClient: true,
  })),
  'A provider used without Nest was closed': [{ prepare: (provider) => provider.onClose() }],
  'A hook or another provider exceeds `evaluationTimeout`': [
    { throughModule: { evaluationTimeout: 50, provider: providerWith({ resolveStringEvaluation: hangs }) } },
    { throughModule: { evaluationTimeout: 50, provider: providerWith({ hooks: [{ before: hangs }] }) } },
  ],
};

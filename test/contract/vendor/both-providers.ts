import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { type EvaluationContext, type JsonValue, type ResolutionDetails } from '@openfeature/server-sdk';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { type ScriptedAnswer, type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';

export type FlagType = 'boolean' | 'string' | 'number' | 'object';
/** The options that both providers take. */
export interface CommonOptions {
  readonly appId?: string;
  readonly accountId?: string;
  readonly authToken?: string;
  readonly baseUrl?: string;
  readonly endpoint?: string;
  readonly fetchOptions?: { readonly headers?: Record<string, string> };
  readonly timeout?: number;
  readonly retries?: number;
  readonly retryDelay?: number;
  readonly cacheTtl?: number;
  /** Of this package's provider only; `query` if it is not given, because the vendor's sends nothing else. */
  readonly contextTransport?: 'auto' | 'query';
}
type AnyProvider = Pick<
  FlagshipServerProvider,
  | 'resolveBooleanEvaluation'
  | 'resolveStringEvaluation'
  | 'resolveNumberEvaluation'
  | 'resolveObjectEvaluation'
> & { onClose(): Promise<void> };

export interface Question {
  readonly type?: FlagType;
  readonly flagKey?: string;
  readonly context?: EvaluationContext;
}

export interface Result {
  readonly value: unknown;
  readonly reason: string | undefined;
  readonly variant: string | undefined;
  readonly errorCode: string | undefined;
}

export interface Outcome {
  readonly results: readonly Result[];
  /** Method, path and query, authorization: of every request, in order. */
  readonly requests: readonly string[];
}

export const types: readonly FlagType[] = ['boolean', 'string', 'number', 'object'];
const defaults = { boolean: false, string: 'fallback', number: -1, object: { fallback: true } };

function ask(
  provider: AnyProvider,
  { type = 'boolean', flagKey = 'flag', context = {} }: Question,
): Promise<ResolutionDetails<unknown>> {
  switch (type) {
    case 'boolean':
      return provider.resolveBooleanEvaluation(flagKey, defaults.boolean, context);
    case 'string':
      return provider.resolveStringEvaluation(flagKey, defaults.string, context);
    case 'number':
      return provider.resolveNumberEvaluation(flagKey, defaults.number, context);
    case 'object':
      return provider.resolveObjectEvaluation<JsonValue>(flagKey, defaults.object, context);
  }
}

/** The two providers side by side, asked through one server. */
export interface BothProviders {
  readonly server: ScriptedServer;
  /** The options that lead both to the server, without retries. */
  readonly at: CommonOptions;
  /** Asks one provider, and closes it. */
  outcomeOf(
    provider: AnyProvider,
    script: readonly ScriptedAnswer[],
    questions: readonly Question[],
  ): Promise<Outcome>;
  /** Asks both the same. */
  both(
    options: CommonOptions,
    script: readonly ScriptedAnswer[],
    ...questions: readonly Question[]
  ): Promise<{ ours: Outcome; theirs: Outcome }>;
  /** Expects that both send and answer the same; resolves with what that is. */
  expectSame(
    options: CommonOptions,
    script: readonly ScriptedAnswer[],
    ...questions: readonly Question[]
  ): Promise<Outcome>;
}

/** Returns this package's provider beside that of `@cloudflare/flagship`. */
export function useBothProviders(): BothProviders {
  const servers = useServer();
  let server: ScriptedServer;
  beforeAll(async () => {
    server = await servers.start();
  });

  async function outcomeOf(
    provider: AnyProvider,
    script: readonly ScriptedAnswer[],
    questions: readonly Question[],
  ): Promise<Outcome> {
    server.script(...script);
    const results: Result[] = [];
    for (const question of questions) {
      const { value, reason, variant, errorCode } = await ask(provider, question);
      results.push({ value, reason, variant, errorCode });
    }
    await provider.onClose();
    const requests = server.requests.map(
      ({ method, url, headers }) => `${method} ${url} ${String(headers.authorization)}`,
    );
    return { results, requests };
  }

  async function both(
    options: CommonOptions,
    script: readonly ScriptedAnswer[],
    ...questions: readonly Question[]
  ): Promise<{ ours: Outcome; theirs: Outcome }> {
    const theirs = await outcomeOf(new VendorProvider(options), script, questions);
    const provider = new FlagshipServerProvider({ contextTransport: 'query', ...options });
    const ours = await outcomeOf(provider, script, questions);
    return { ours, theirs };
  }

  async function expectSame(
    options: CommonOptions,
    script: readonly ScriptedAnswer[],
    ...questions: readonly Question[]
  ): Promise<Outcome> {
    const { ours, theirs } = await both(options, script, ...questions);
    expect(ours).toEqual(theirs);
    return ours;
  }

  return {
    get server() {
      return server;
    },
    get at() {
      return { endpoint: `${server.url}/evaluate`, retries: 0, retryDelay: 0 };
    },
    outcomeOf,
    both,
    expectSame,
  };
}

/** A good answer to an evaluation. */
export const answer = (value: unknown, reason = 'STATIC', variant: unknown = 'on') => ({
  body: { flagKey: 'flag', value, variant, reason },
});

/** Answers for the flag that is asked for. */
export const answersAny: ScriptedAnswer = (response, { url }) => {
  const flagKey = new URL(url, 'http://host').searchParams.get('flagKey');
  response.end(JSON.stringify({ flagKey, value: true, variant: 'on', reason: 'STATIC' }));
};

/** A body that is not JSON. */
export const page = '<!DOCTYPE html><html><body>Bad gateway</body></html>';

import {
  type Client,
  DefaultLogger,
  ErrorCode,
  type EvaluationContext,
  type EvaluationDetails,
  GeneralError,
  type Hook,
  InvalidContextError,
  type JsonValue,
  type Logger,
  OpenFeature,
  type Provider,
  ProviderStatus,
} from '@openfeature/server-sdk';
import { currentScope, type EvaluationScope, runInScope, type ScopeModule } from '../context';
import { messageOf } from '../errors';
import { type FlagType } from '../options';
import { FlagshipServerProvider, hasExactDefaults } from '../provider';
import { limited } from '../runtime';
import { ownCopy } from '../types';
import { clientLoggerOf } from '../undocumented';
import { failedDetails, markDefault, ownDetails, resolvedDetails, thrownDetails } from './evaluation-details';
import { evaluateWithClient, resolveWith } from './typed-methods';

const fallbackLogger = new DefaultLogger();

// Read once: the SDK exports them through getters, which would be called several times an evaluation.
const openFeature = OpenFeature;
const { NOT_READY, FATAL } = ProviderStatus;

/** How long hooks and a provider of the application's may take, unless the module says otherwise. */
export const EVALUATION_TIMEOUT_MS = 10_000;
/** What hooks get beside the time that Flagship's provider may take. */
const HOOKS_SHARE_MS = 1000;

/** One evaluation. */
export interface EvaluationRequest<T extends JsonValue> {
  readonly type: FlagType;
  readonly flagKey: string;
  /** An object that no one else has. */
  readonly defaultValue: T;
}

/** The module whose flags these are. */
export interface EvaluatingModule extends ScopeModule {
  /** How long hooks and a provider of the application's may take, in milliseconds. */
  readonly evaluationTimeout?: number;
}

/**
 * Evaluates flags as the OpenFeature client does: with hooks through the client itself, and without any by a short way
 * that costs a fraction. No evaluation rejects, none waits without end, and what it resolves with is the caller's own.
 */
export class ClientEvaluator {
  constructor(
    readonly client: Client,
    private readonly domain: string | undefined,
    private readonly owner: EvaluatingModule | undefined,
  ) {}

  get provider(): Provider {
    return openFeature.getProvider(this.domain);
  }

  /** The provider, where it is one of ours. */
  get flagship(): FlagshipServerProvider | undefined {
    const { provider } = this;
    return FlagshipServerProvider.isOne(provider) ? provider : undefined;
  }

  /** Whether the provider's answers say for sure where it has applied the default. */
  get hasExactDefaults(): boolean {
    const { provider } = this;
    return FlagshipServerProvider.isOne(provider) || hasExactDefaults(provider);
  }

  /**
   * Evaluates a flag for a whole context; never rejects.
   *
   * @param scope The scope that the evaluation belongs to, where the calling code need not run in it.
   */
  evaluate<T extends JsonValue>(
    asked: EvaluationRequest<T>,
    context: EvaluationContext,
    scope: EvaluationScope | undefined,
  ): Promise<EvaluationDetails<T>> {
    const { provider } = this;
    if (this.hasHooks(provider)) {
      const { type, flagKey, defaultValue } = asked;
      // Hooks may write into the context: this one is theirs, at any depth.
      return this.viaClient(asked, scope, () =>
        evaluateWithClient(this.client, type, flagKey, defaultValue, ownCopy(context)),
      );
    }
    if (FlagshipServerProvider.isOne(provider) || hasExactDefaults(provider))
      return this.askProvider(provider, asked, context);
    const { defaultValue } = asked;
    return this.within(asked, () =>
      this.askProvider(provider, asked, context).then((details) => ownDetails(details, defaultValue)),
    );
  }

  /** Answers the default for what cannot be evaluated, and lets hooks see it. Never rejects. */
  refuse<T extends JsonValue>(
    asked: EvaluationRequest<T>,
    error: unknown,
    scope: EvaluationScope | undefined,
  ): Promise<EvaluationDetails<T>> {
    const { type, flagKey, defaultValue } = asked;
    const refused = thrownDetails(flagKey, defaultValue, error);
    try {
      if (refused.errorCode !== ErrorCode.INVALID_CONTEXT || !this.hasHooks(this.provider))
        return Promise.resolve(refused);
    } catch {
      // A provider that cannot be read has no hooks to tell.
      return Promise.resolve(refused);
    }
    return this.viaClient(asked, scope, () =>
      evaluateWithClient(this.client, type, flagKey, defaultValue, undefined, [refusing(messageOf(error))]),
    ).then((details) => (details.errorCode === ErrorCode.INVALID_CONTEXT ? details : refused));
  }

  private viaClient<T extends JsonValue>(
    asked: EvaluationRequest<T>,
    scope: EvaluationScope | undefined,
    ask: () => Promise<EvaluationDetails<T>>,
  ): Promise<EvaluationDetails<T>> {
    const isCurrent = scope === undefined || scope === currentScope(this.owner)?.settled();
    return this.within(asked, async () => {
      const details = await (isCurrent ? ask() : runInScope(scope, ask));
      const own = ownDetails(details, asked.defaultValue);
      return details.reason === 'DISABLED' && this.hasExactDefaults ? markDefault(own) : own;
    });
  }

  private async within<T extends JsonValue>(
    { flagKey, defaultValue }: EvaluationRequest<T>,
    evaluate: () => Promise<EvaluationDetails<T>>,
  ): Promise<EvaluationDetails<T>> {
    const limitMs = this.limitMs();
    const timeoutError = (): Error =>
      new GeneralError(
        `The evaluation of flag "${flagKey}" did not finish within ${limitMs} ms (option "evaluationTimeout"): a hook, or a provider other than Flagship's, does not answer.`,
      );
    try {
      return await limited('evaluation', evaluate, limitMs, { timeoutError });
    } catch (error) {
      return thrownDetails(flagKey, defaultValue, error);
    }
  }

  private limitMs(): number {
    const wanted = this.owner?.evaluationTimeout;
    if (wanted !== undefined) return wanted;
    return Math.max(EVALUATION_TIMEOUT_MS, (this.flagship?.deadlineMs ?? 0) + HOOKS_SHARE_MS);
  }

  private hasHooks(provider: Provider): boolean {
    return (
      openFeature.getHooks().length > 0 ||
      this.client.getHooks().length > 0 ||
      (provider.hooks !== undefined && provider.hooks.length > 0)
    );
  }

  private async askProvider<T extends JsonValue>(
    provider: Provider,
    { type, flagKey, defaultValue }: EvaluationRequest<T>,
    context: EvaluationContext,
  ): Promise<EvaluationDetails<T>> {
    const status = this.client.providerStatus;
    if (status === NOT_READY) {
      const message = 'provider has not yet initialized';
      return failedDetails(flagKey, defaultValue, ErrorCode.PROVIDER_NOT_READY, message);
    }
    if (status === FATAL) {
      const message = 'provider is in an irrecoverable error state';
      return failedDetails(flagKey, defaultValue, ErrorCode.PROVIDER_FATAL, message);
    }
    try {
      // The logger that the client would hand to the provider.
      const logger = (clientLoggerOf(this.client) as Logger | undefined) ?? fallbackLogger;
      const resolution = await resolveWith(provider, type, flagKey, defaultValue, context, logger);
      const details = resolvedDetails(flagKey, defaultValue, resolution);
      return details.reason === 'DISABLED' && hasExactDefaults(provider) ? markDefault(details) : details;
    } catch (error) {
      return thrownDetails(flagKey, defaultValue, error);
    }
  }
}

/** A hook that ends an evaluation before the provider is asked, in a way that all other hooks see. */
function refusing(message: string): Hook {
  return {
    before: () => {
      throw new InvalidContextError(message);
    },
  };
}


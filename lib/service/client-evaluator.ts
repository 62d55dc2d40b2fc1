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
import { FlagshipServerProvider, reportsDefaults } from '../provider';
import { withTimeLimit } from '../runtime';
import { type FlagMetadata, ownCopy } from '../types';
import { clientLoggerOf } from '../undocumented';
import {
  failedDetails,
  markDefaultApplied,
  copyDetails,
  toEvaluationDetails,
  detailsForThrown,
} from './evaluation-details';
import { evaluateWithClient, resolveWith } from './typed-methods';

const fallbackLogger = new DefaultLogger();

// Read once, because the SDK exports them through getters, which would be called several times per evaluation.
const openFeature = OpenFeature;
const { NOT_READY, FATAL } = ProviderStatus;

/** The limit for an evaluation with hooks or a third-party provider, if the module sets no `evaluationTimeout`. */
export const EVALUATION_TIMEOUT_MS = 10_000;
/** The time for hooks in addition to the deadline of Flagship's provider. */
const HOOKS_ALLOWANCE_MS = 1000;

/** The arguments of one evaluation. */
export interface EvaluationRequest<T extends JsonValue> {
  readonly type: FlagType;
  readonly flagKey: string;
  /** The default, a copy that no other code holds. */
  readonly defaultValue: T;
}

/** The options of the module that evaluates flags. */
export interface EvaluatingModule extends ScopeModule {
  /** The limit for an evaluation with hooks or a third-party provider, in milliseconds. */
  readonly evaluationTimeout?: number;
}

/**
 * Evaluates flags as the OpenFeature client does: with hooks, through the client; without hooks, through the provider
 * directly, which costs a fraction. No evaluation rejects or exceeds its limit, and all details are copies.
 */
export class ClientEvaluator {
  constructor(
    readonly client: Client,
    private readonly domain: string | undefined,
    private readonly module: EvaluatingModule | undefined,
  ) {}

  get provider(): Provider {
    return openFeature.getProvider(this.domain);
  }

  /** The provider, if it is Flagship's; otherwise undefined. */
  get flagship(): FlagshipServerProvider | undefined {
    const { provider } = this;
    return FlagshipServerProvider.isInstance(provider) ? provider : undefined;
  }

  /** Whether the provider's resolutions show exactly if the default was applied. */
  get reportsDefaults(): boolean {
    const { provider } = this;
    return FlagshipServerProvider.isInstance(provider) || reportsDefaults(provider);
  }

  /**
   * Evaluates a flag under a merged context; never rejects.
   *
   * @param scope The scope of the evaluation; the calling code need not run in it.
   */
  evaluate<T extends JsonValue>(
    request: EvaluationRequest<T>,
    context: EvaluationContext,
    scope: EvaluationScope | undefined,
  ): Promise<EvaluationDetails<T>> {
    const { provider } = this;
    if (this.hasHooks(provider)) {
      const { type, flagKey, defaultValue } = request;
      // Hooks may change the context, so they receive a deep copy.
      return this.evaluateViaClient(request, scope, () =>
        evaluateWithClient(this.client, type, flagKey, defaultValue, ownCopy(context)),
      );
    }
    if (FlagshipServerProvider.isInstance(provider) || reportsDefaults(provider))
      return this.evaluateViaProvider(provider, request, context);
    const { defaultValue } = request;
    return this.limitEvaluation(request, () =>
      this.evaluateViaProvider(provider, request, context).then((details) =>
        copyDetails(details, defaultValue),
      ),
    );
  }

  /**
   * Resolves an evaluation that cannot run with the default and the error; never rejects. For an invalid context, the
   * hooks run and see the error.
   */
  resolveWithDefault<T extends JsonValue>(
    request: EvaluationRequest<T>,
    error: unknown,
    scope: EvaluationScope | undefined,
  ): Promise<EvaluationDetails<T>> {
    const { type, flagKey, defaultValue } = request;
    const failed = detailsForThrown(flagKey, defaultValue, error, this.metadataOf(flagKey));
    try {
      if (failed.errorCode !== ErrorCode.INVALID_CONTEXT || !this.hasHooks(this.provider))
        return Promise.resolve(failed);
    } catch {
      // Reading the provider has thrown, so it has no hooks to call.
      return Promise.resolve(failed);
    }
    return this.evaluateViaClient(request, scope, () =>
      evaluateWithClient(this.client, type, flagKey, defaultValue, undefined, [
        throwingHook(messageOf(error)),
      ]),
    ).then((details) =>
      details.errorCode === ErrorCode.INVALID_CONTEXT
        ? { ...details, flagMetadata: failed.flagMetadata }
        : failed,
    );
  }

  /** Returns the metadata that Flagship's provider knows of a flag without evaluating it. Never throws. */
  metadataOf(flagKey: string): FlagMetadata | undefined {
    try {
      return this.flagship?.metadataOf(flagKey);
    } catch {
      // The key is no text, or reading another provider has thrown.
      return undefined;
    }
  }

  private evaluateViaClient<T extends JsonValue>(
    request: EvaluationRequest<T>,
    scope: EvaluationScope | undefined,
    evaluate: () => Promise<EvaluationDetails<T>>,
  ): Promise<EvaluationDetails<T>> {
    const isCurrent = scope === undefined || scope === currentScope(this.module)?.forEvaluation();
    return this.limitEvaluation(request, async () => {
      const details = await (isCurrent ? evaluate() : runInScope(scope, evaluate));
      const own = copyDetails(details, request.defaultValue);
      return details.reason === 'DISABLED' && this.reportsDefaults ? markDefaultApplied(own) : own;
    });
  }

  private async limitEvaluation<T extends JsonValue>(
    { flagKey, defaultValue }: EvaluationRequest<T>,
    evaluate: () => Promise<EvaluationDetails<T>>,
  ): Promise<EvaluationDetails<T>> {
    const limitMs = this.limitMs();
    const timeoutError = (): Error =>
      new GeneralError(
        `The evaluation of flag "${flagKey}" did not finish within ${limitMs} ms (option "evaluationTimeout"): a hook, or a provider other than Flagship's, does not answer.`,
      );
    try {
      return await withTimeLimit('evaluation', evaluate, limitMs, { timeoutError });
    } catch (error) {
      return detailsForThrown(flagKey, defaultValue, error);
    }
  }

  private limitMs(): number {
    const configured = this.module?.evaluationTimeout;
    if (configured !== undefined) return configured;
    return Math.max(EVALUATION_TIMEOUT_MS, (this.flagship?.deadlineMs ?? 0) + HOOKS_ALLOWANCE_MS);
  }

  private hasHooks(provider: Provider): boolean {
    return (
      openFeature.getHooks().length > 0 ||
      this.client.getHooks().length > 0 ||
      (provider.hooks !== undefined && provider.hooks.length > 0)
    );
  }

  private async evaluateViaProvider<T extends JsonValue>(
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
      // The logger that the client passes to its provider.
      const logger = (clientLoggerOf(this.client) as Logger | undefined) ?? fallbackLogger;
      const resolution = await resolveWith(provider, type, flagKey, defaultValue, context, logger);
      const details = toEvaluationDetails(flagKey, defaultValue, resolution);
      return details.reason === 'DISABLED' && reportsDefaults(provider)
        ? markDefaultApplied(details)
        : details;
    } catch (error) {
      return detailsForThrown(flagKey, defaultValue, error);
    }
  }
}

/** Returns a hook that fails an evaluation before the provider is called, so that all other hooks see the error. */
function throwingHook(message: string): Hook {
  return {
    before: () => {
      throw new InvalidContextError(message);
    },
  };
}

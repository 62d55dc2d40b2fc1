import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../../errors';
import { type ResolvedModuleOptions } from '../../options';
import { isThenable, withTimeLimit } from '../../runtime';
import { freezeContext, isObject } from '../../types';
import { RESOLVED_OPTIONS } from '../context.tokens';
import { OptionWarnings } from './option-warnings';
import { headerOf, type RequestSource } from './request-source';
import { SubjectReader } from './request-user';

const OPTION = 'contextFactory';

/**
 * Builds the evaluation context of a request. Later attributes win over earlier ones:
 * 1. the static ones of the option `context`;
 * 2. the request's targeting key and configured headers, see {@link requestAttributes};
 * 3. those that the context factory returns, see {@link withFactoryAttributes}.
 */
@Injectable()
export class RequestContextBuilder {
  readonly subjects: SubjectReader;
  private readonly warnings = new OptionWarnings();
  /** Whether the context factory has returned a promise; undefined until it has been called. */
  private isFactoryAsync: boolean | undefined;

  constructor(@Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions) {
    this.subjects = new SubjectReader(options, this.warnings);
  }

  /** Whether there is a context factory, which receives Nest's execution context. */
  get needsExecution(): boolean {
    return this.options.contextFactory !== undefined;
  }

  /** Whether the context factory may return a promise; true until a first call shows that it does not. */
  get mayBeAsync(): boolean {
    return this.isFactoryAsync ?? this.needsExecution;
  }

  /** Logs that properties of a request, or of its GraphQL or RPC context, cannot be read. */
  warnUnreadable(error: unknown): void {
    this.warnings.failed('requestContext', error);
  }

  /** Returns the evaluation context without the context factory's attributes, frozen. */
  requestAttributes(source: RequestSource | undefined, targetingKey: string | undefined): EvaluationContext {
    // Object.assign instead of spread: V8 adds properties to a spread object slowly.
    const attributes: EvaluationContext = Object.assign({}, this.options.context);
    if (targetingKey !== undefined) attributes.targetingKey = targetingKey;
    if (source !== undefined) this.addHeaders(attributes, source);
    return Object.freeze(attributes);
  }

  /**
   * Calls the context factory and merges its attributes over those of the request.
   *
   * @param attributes The request's attributes. Returned unchanged if the factory fails or exceeds `contextTimeout`.
   * @returns A promise only if the factory returns one; it never rejects.
   */
  withFactoryAttributes(
    attributes: EvaluationContext,
    execution: ExecutionContext,
  ): EvaluationContext | Promise<EvaluationContext> {
    const { contextFactory, contextTimeout } = this.options;
    if (contextFactory === undefined) return attributes;
    try {
      const result: unknown = contextFactory(execution);
      const isAsync = isThenable(result);
      this.isFactoryAsync = isAsync || this.isFactoryAsync === true;
      if (!isAsync) return this.merged(attributes, result);
      return withTimeLimit('contextFactory', result, contextTimeout).then(
        (resolved) => this.merged(attributes, resolved),
        (error: unknown) => this.warnFailed(attributes, error),
      );
    } catch (error) {
      return this.warnFailed(attributes, error);
    }
  }

  private addHeaders(attributes: EvaluationContext, source: RequestSource): void {
    try {
      for (const [header, attribute] of this.options.headers) {
        const value = headerOf(source, header);
        if (value !== undefined) attributes[attribute] = value;
      }
    } catch (error) {
      this.warnings.failed('requestContext.headers', error);
    }
  }

  private merged(attributes: EvaluationContext, added: unknown): EvaluationContext {
    if (added === undefined) return attributes;
    try {
      if (isObject(added) && !(Symbol.iterator in added)) return copyNested({ ...attributes, ...added });
    } catch (error) {
      return this.warnFailed(attributes, error);
    }
    const kind = added === null ? 'null' : isObject(added) ? 'a list' : `a ${typeof added}`;
    this.warnings.warn(
      OPTION,
      kind,
      () =>
        `Option "${OPTION}" returned ${kind} instead of an object; requests go on without what it would have added.`,
    );
    return attributes;
  }

  /** Logs why the context factory failed and returns the attributes without its own. */
  private warnFailed(attributes: EvaluationContext, error: unknown): EvaluationContext {
    if (isErrorOf(error, FlagshipError) && error.code === FlagshipErrorCode.TIMEOUT_ERROR) {
      this.warnings.warn(
        OPTION,
        error.code,
        () =>
          `${error.message} Requests go on without what it would have added; see option "contextTimeout".`,
      );
    } else this.warnings.failed(OPTION, error);
    return attributes;
  }
}

/** Copies nested values, because the factory may return objects that the application changes during the request. */
function copyNested(context: EvaluationContext): EvaluationContext {
  try {
    return freezeContext(context) as EvaluationContext;
  } catch {
    // Each evaluation under this context fails the same check and resolves with INVALID_CONTEXT.
    return Object.freeze(context);
  }
}

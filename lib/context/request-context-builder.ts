import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { FlagshipLogger, framesOf } from '../logging';
import { type ResolvedModuleOptions } from '../options';
import { RESOLVED_OPTIONS } from './context.constants';
import { headerOf, idOf, type RequestView } from './http-view';

/** Turns an execution context of any kind into an evaluation context. */
@Injectable()
export class RequestContextBuilder {
  private readonly logger = new FlagshipLogger('FlagshipModule');
  private reported = false;
  /** Does the context factory take its time? Known once it has been called. */
  private late: boolean | undefined;

  constructor(@Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions) {}

  /** Is there a context factory, which wants Nest's execution context? */
  get needsExecution(): boolean {
    return this.options.contextFactory !== undefined;
  }

  /** May the context factory take its time? Not known before it has been called. */
  get mayBeLate(): boolean {
    return this.late ?? this.needsExecution;
  }

  /** Static attributes, then the request's, then the context factory's; a promise only when that makes one. */
  build(
    context: ExecutionContext | undefined,
    view: RequestView | undefined,
    userId?: string,
  ): EvaluationContext | Promise<EvaluationContext> {
    const attributes = this.attributes(view, userId);
    const { contextFactory } = this.options;
    if (contextFactory === undefined || context === undefined) return attributes;
    try {
      const made: unknown = contextFactory(context);
      this.late = isThenable(made) || this.late === true;
      if (!isThenable(made)) return { ...attributes, ...(made as EvaluationContext | undefined) };
      return Promise.resolve(made).then(
        (late) => ({ ...attributes, ...late }),
        (error: unknown) => this.without(attributes, error),
      );
    } catch (error) {
      return this.without(attributes, error);
    }
  }

  /** Static attributes, then the request's. */
  attributes(view: RequestView | undefined, userId?: string): EvaluationContext {
    // Not spread: adding to an object made by spreading is slow.
    const attributes: EvaluationContext = Object.assign({}, this.options.context);
    if (view !== undefined) this.addRequest(attributes, view, userId);
    return attributes;
  }

  /** The targeting key of a request: text, or nothing when it has no user. */
  userId(view: RequestView): string | undefined {
    const { userId } = this.options;
    try {
      const id = userId === undefined ? idOf(view.user) : chosenId(userId, view);
      if (typeof id === 'string') return id;
      return typeof id === 'number' || typeof id === 'bigint' ? String(id) : undefined;
    } catch (error) {
      this.report('requestContext.userId', error);
      return undefined;
    }
  }

  private addRequest(attributes: EvaluationContext, view: RequestView, userId: string | undefined): void {
    if (userId !== undefined) attributes.targetingKey = userId;
    for (const [header, attribute] of this.options.headers) {
      const value = headerOf(view, header);
      if (value !== undefined) attributes[attribute] = value;
    }
  }

  private without(attributes: EvaluationContext, error: unknown): EvaluationContext {
    this.report('contextFactory', error);
    return attributes;
  }

  /** Once: a function that fails would fail with every request. */
  private report(option: string, error: unknown): void {
    if (this.reported) return;
    this.reported = true;
    this.logger.warn(
      `Option "${option}" failed; requests go on without what it would have added. ${messageOf(error)}`,
      ...framesOf(error),
    );
  }
}

function chosenId(userId: NonNullable<ResolvedModuleOptions['userId']>, view: RequestView): unknown {
  return typeof userId === 'function' ? userId(view.request) : headerOf(view, userId.header);
}

function isThenable(value: unknown): value is PromiseLike<EvaluationContext | undefined> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

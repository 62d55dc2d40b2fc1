import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../../errors';
import { type ResolvedModuleOptions } from '../../options';
import { isThenable, limited } from '../../runtime';
import { keptContext } from '../../types';
import { RESOLVED_OPTIONS } from '../context.tokens';
import { OptionWarnings } from './option-warnings';
import { headerOf, isObject, type RequestSource } from './request-source';
import { SubjectReader } from './subject';

const OPTION = 'contextFactory';

/** Makes the evaluation context of a request: static attributes, then the request's, then the context factory's. */
@Injectable()
export class RequestContextBuilder {
  readonly subjects: SubjectReader;
  private readonly warnings = new OptionWarnings();
  /** Whether the context factory takes its time; known once it has been called. */
  private late: boolean | undefined;

  constructor(@Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions) {
    this.subjects = new SubjectReader(options, this.warnings);
  }

  /** Whether there is a context factory, which wants Nest's execution context. */
  get needsExecution(): boolean {
    return this.options.contextFactory !== undefined;
  }

  /** Whether the context factory may take its time. */
  get mayBeLate(): boolean {
    return this.late ?? this.needsExecution;
  }

  /** Warns of a request, or a context, whose properties cannot be read. */
  unreadable(error: unknown): void {
    this.warnings.failed('requestContext', error);
  }

  /** Makes the context without the context factory's attributes. */
  attributes(source: RequestSource | undefined, userId: string | undefined): EvaluationContext {
    // Not spread: adding to an object made by spreading is slow.
    const attributes: EvaluationContext = Object.assign({}, this.options.context);
    if (userId !== undefined) attributes.targetingKey = userId;
    if (source !== undefined) this.addHeaders(attributes, source);
    return Object.freeze(attributes);
  }

  /**
   * Calls the context factory.
   *
   * @param attributes What the context has without it; returned where the factory fails, or takes too long.
   * @returns A promise only where the factory makes one; it never rejects.
   */
  complete(
    attributes: EvaluationContext,
    execution: ExecutionContext,
  ): EvaluationContext | Promise<EvaluationContext> {
    const { contextFactory, contextTimeout } = this.options;
    if (contextFactory === undefined) return attributes;
    try {
      const made: unknown = contextFactory(execution);
      const isLate = isThenable(made);
      this.late = isLate || this.late === true;
      if (!isLate) return this.added(attributes, made);
      return limited('contextFactory', made, contextTimeout).then(
        (late) => this.added(attributes, late),
        (error: unknown) => this.without(attributes, error),
      );
    } catch (error) {
      return this.without(attributes, error);
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

  private added(attributes: EvaluationContext, made: unknown): EvaluationContext {
    if (made === undefined) return attributes;
    try {
      if (isObject(made) && !(Symbol.iterator in made)) return settled({ ...attributes, ...made });
    } catch (error) {
      return this.without(attributes, error);
    }
    const kind = made === null ? 'null' : isObject(made) ? 'a list' : `a ${typeof made}`;
    this.warnings.warn(
      OPTION,
      kind,
      () =>
        `Option "${OPTION}" gave ${kind} instead of an object; requests go on without what it would have added.`,
    );
    return attributes;
  }

  private without(attributes: EvaluationContext, error: unknown): EvaluationContext {
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

/** Copies what is nested in a context: the factory may have handed out objects that change while the request goes on. */
function settled(context: EvaluationContext): EvaluationContext {
  try {
    return keptContext(context) as EvaluationContext;
  } catch {
    // Each evaluation finds the same, and answers INVALID_CONTEXT.
    return Object.freeze(context);
  }
}

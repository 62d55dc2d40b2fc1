import { type ExecutionContext } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { type RequestContextBuilder, type RequestSource, NO_SUBJECT, type RequestUser } from '../request';
import { EvaluationScope, type ScopeModule } from './evaluation-scope';
import { liveContext } from './live-context';
import { currentScope, runInScope } from './scope-storage';

const NOT_BUILT: EvaluationContext = Object.freeze({});

/** The number of earlier subjects kept per request: a `request.user` that is a new object at each read adds one each. */
const MAX_SUBJECTS = 8;

/** The scopes of one subject of a request. */
interface SubjectScopes {
  readonly subject: RequestUser;
  readonly execution: ExecutionContext | undefined;
  /** The scope without the context factory's attributes. The factory itself, and evaluations in it, run in this scope. */
  readonly base: EvaluationScope;
  /** The scope that synchronous readers see: `base` while the factory is pending, then the one with its attributes. */
  scope: EvaluationScope;
  /** The scope with the attributes of an asynchronous factory; undefined unless the factory is pending. */
  pending: Promise<EvaluationScope> | undefined;
}

/**
 * The scope of a request, a message or an operation, opened by middleware, an interceptor, a guard or a parameter. Its
 * context follows the request's user. At each evaluation:
 * 1. The subject (the user and the targeting key) is read from the request.
 * 2. If the subject is new, its context is built from the static attributes and those of the request.
 * 3. If Nest's execution context is known, the context factory is called, once per subject, and its attributes are
 *    added.
 */
export class RequestScope extends EvaluationScope {
  private latest: SubjectScopes | undefined;
  private earlier: SubjectScopes[] | undefined;
  private execution: ExecutionContext | undefined;
  private isReading = false;
  /** Set when the scope is withdrawn: the scopes without any attribute of the request. */
  private anonymous: SubjectScopes | undefined;
  private liveTransaction: EvaluationContext | undefined;

  /**
   * @param parentRequest The scope of the HTTP request that carried this operation, with which it shares its memos.
   */
  constructor(
    private readonly builder: RequestContextBuilder,
    private source: RequestSource,
    module: ScopeModule,
    private readonly parentRequest?: RequestScope,
  ) {
    super(NOT_BUILT, parentRequest, module, source.key);
  }

  /** Replaces the request by the one that handlers see: Fastify wraps the one that middleware sees. */
  attachRequest(source: RequestSource): void {
    this.source = source;
  }

  /** The request object that handlers receive; before that, with Fastify, the one that middleware receives. */
  get request(): unknown {
    return this.source.request;
  }

  /** Whether this is the scope of the message with this payload. */
  hasPayload(data: unknown): boolean {
    return Object.is(this.source.data, data);
  }

  /**
   * Drops the request's attributes from the context. Called when middleware has continued another request in this scope:
   * that request's code must not evaluate flags for this one's user.
   */
  withdraw(): void {
    const { module, key } = this;
    const base = new EvaluationScope(module?.context ?? NOT_BUILT, undefined, module, key);
    this.anonymous = { subject: NO_SUBJECT, execution: undefined, base, scope: base, pending: undefined };
  }

  /** Whether this is the scope of the HTTP request, or of an operation that it carried. */
  belongsTo(request: RequestScope): boolean {
    return this.key === request.key || this.parentRequest?.key === request.key;
  }

  /** Whether the scope no longer has the request's attributes. */
  get isWithdrawn(): boolean {
    return this.anonymous !== undefined;
  }

  /** Stores the execution context for the context factory. The first one stays: the factory is called once a subject. */
  attachExecution(execution: ExecutionContext): void {
    if (!this.builder.needsExecution) return;
    this.execution ??= execution;
    this.parentRequest?.attachExecution(execution);
  }

  override get context(): EvaluationContext {
    return this.forCurrentSubject().scope.context;
  }

  override get transaction(): EvaluationContext {
    return (this.liveTransaction ??= liveContext(this));
  }

  override forEvaluation(): EvaluationScope | Promise<EvaluationScope> {
    const { scope, base, pending } = this.forCurrentSubject();
    if (pending === undefined) return scope;
    // An evaluation in the factory must not wait for the factory, which would wait for the evaluation.
    return currentScope(this.module) === base ? base : pending;
  }

  override resolvesTo(scope: EvaluationScope): boolean {
    return scope === this.latest?.scope || scope === this || this.parentRequest?.resolvesTo(scope) === true;
  }

  override untilReady(): Promise<unknown> | undefined {
    if (!this.builder.mayBeAsync) return undefined;
    const settled = this.forEvaluation();
    return settled instanceof Promise ? settled : undefined;
  }

  /** Whether the request's user is now this object, compared by identity. */
  private hasUser(user: unknown): boolean {
    return this.builder.subjects.userOf(this.source) === user;
  }

  /** Reads the subject and returns its scopes; builds them for a new subject. */
  private forCurrentSubject(): SubjectScopes {
    if (this.anonymous !== undefined) return this.anonymous;
    // The option `userId`, or a getter of the request, may evaluate a flag while the subject is being read.
    if (this.isReading) return this.latest ?? this.withoutTargetingKey();
    const subject = this.readSubject();
    if (subject === undefined) return this.parentRequest?.forCurrentSubject() ?? this.withoutTargetingKey();
    const existing = this.scopesFor(subject.user);
    if (existing?.subject !== subject || existing.execution !== this.execution) return this.build(subject);
    if (existing !== this.latest) this.makeLatest(existing);
    return existing;
  }

  /** Returns the subject; undefined for an operation with the same user as its HTTP request, whose subject applies. */
  private readSubject(): RequestUser | undefined {
    const { builder, source, parentRequest } = this;
    this.isReading = true;
    try {
      const user = builder.subjects.userOf(source);
      if (parentRequest?.hasUser(user) === true) return undefined;
      return builder.subjects.read(source, user, this.scopesFor(user)?.subject);
    } finally {
      this.isReading = false;
    }
  }

  private scopesFor(user: unknown): SubjectScopes | undefined {
    if (this.latest?.subject.user === user) return this.latest;
    return this.earlier?.find(({ subject }) => subject.user === user);
  }

  private build(subject: RequestUser): SubjectScopes {
    const { builder, source, execution } = this;
    const base = this.fixedScope(builder.requestAttributes(source, subject.targetingKey));
    const scopes: SubjectScopes = { subject, execution, base, scope: base, pending: undefined };
    // Stored before the factory is called, so that an evaluation in the factory does not call it again.
    this.makeLatest(scopes);
    if (execution === undefined) return scopes;
    const complete = runInScope(base, () => builder.withFactoryAttributes(base.context, execution));
    if (complete instanceof Promise) {
      scopes.pending = complete.then((context) => {
        scopes.pending = undefined;
        return (scopes.scope = this.fixedScope(context));
      });
    } else if (complete !== base.context) scopes.scope = this.fixedScope(complete);
    return scopes;
  }

  /** Makes these the scopes of the current subject and keeps the previous ones. */
  private makeLatest(scopes: SubjectScopes): void {
    const previous = this.latest;
    this.latest = scopes;
    if (previous === undefined || previous.subject.user === scopes.subject.user) return;
    const others = (this.earlier ?? []).filter(({ subject }) => subject.user !== scopes.subject.user);
    this.earlier = [...others, previous].slice(-MAX_SUBJECTS);
  }

  private withoutTargetingKey(): SubjectScopes {
    const base = this.fixedScope(this.builder.requestAttributes(this.source, undefined));
    return { subject: NO_SUBJECT, execution: undefined, base, scope: base, pending: undefined };
  }

  private fixedScope(context: EvaluationContext): EvaluationScope {
    return new EvaluationScope(context, this, this.module, this.key);
  }
}

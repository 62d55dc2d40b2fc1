import { type ExecutionContext } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { type RequestContextBuilder, type RequestSource, NO_SUBJECT, type Subject } from '../request';
import { EvaluationScope, type ScopeModule } from './evaluation-scope';
import { liveContext } from './live-context';
import { currentScope, runInScope } from './scope-storage';

const NOT_BUILT: EvaluationContext = Object.freeze({});

/** How many subjects of one request are remembered; a `request.user` that is another object at each read would pile up. */
const MAX_SUBJECTS = 8;

/** The scopes of one subject. */
interface Built {
  readonly subject: Subject;
  readonly execution: ExecutionContext | undefined;
  /** Without the context factory's attributes: the factory itself runs in it, and what it asks is answered in it. */
  readonly base: EvaluationScope;
  /** What code that cannot wait sees: the base while the context factory is at work, then the whole. */
  scope: EvaluationScope;
  late: Promise<EvaluationScope> | undefined;
}

/**
 * The scope of a request, a message or an operation, whatever has opened it: middleware, interceptor, guard or parameter.
 *
 * When a flag is asked:
 * 1. The subject (the user and the user's id) is read from the request.
 * 2. For a subject that is new, the context is made of static attributes and the request's.
 * 3. The context factory, once Nest's execution context is known, is called once for the subject, and adds its own.
 */
export class RequestScope extends EvaluationScope {
  private built: Built | undefined;
  private earlier: Built[] | undefined;
  private execution: ExecutionContext | undefined;
  private isReading = false;
  private live: EvaluationContext | undefined;

  /**
   * @param parent The scope of the HTTP request that brought this operation; its answers are shared.
   */
  constructor(
    private readonly builder: RequestContextBuilder,
    private source: RequestSource,
    owner: ScopeModule,
    private readonly parent?: RequestScope,
  ) {
    super(NOT_BUILT, parent, owner, source.key);
  }

  /** Takes the request as handlers see it: Fastify wraps the one that middleware sees. */
  attachRequest(source: RequestSource): void {
    this.source = source;
  }

  /** What the application's functions take for the request so far. */
  get request(): unknown {
    return this.source.request;
  }

  /** Whether it is the scope of the message with this payload. */
  carries(data: unknown): boolean {
    return Object.is(this.source.data, data);
  }

  /** Takes what the context factory needs. The first handler's stays: the factory is called once for a subject. */
  attach(execution: ExecutionContext): void {
    if (!this.builder.needsExecution) return;
    this.execution ??= execution;
    this.parent?.attach(execution);
  }

  override get context(): EvaluationContext {
    return this.now().scope.context;
  }

  override get transaction(): EvaluationContext {
    return (this.live ??= liveContext(this));
  }

  override settled(): EvaluationScope | Promise<EvaluationScope> {
    const { scope, base, late } = this.now();
    if (late === undefined) return scope;
    // The factory itself would wait for itself.
    return currentScope(this.owner) === base ? base : late;
  }

  override isStill(asked: EvaluationScope): boolean {
    return asked === this.built?.scope || asked === this || this.parent?.isStill(asked) === true;
  }

  override untilReady(): Promise<unknown> | undefined {
    if (!this.builder.mayBeLate) return undefined;
    const asked = this.settled();
    return asked instanceof Promise ? asked : undefined;
  }

  /** Whether this user, by identity, is the one that the request has now. */
  private hasUser(user: unknown): boolean {
    return this.builder.subjects.userOf(this.source) === user;
  }

  /** Reads the subject, and builds its context where it is new. */
  private now(): Built {
    // A function of the application's, or a getter, asks a flag while it is being asked for the subject.
    if (this.isReading) return this.built ?? this.withoutSubject();
    const subject = this.readSubject();
    if (subject === undefined) return this.parent?.now() ?? this.withoutSubject();
    const known = this.builtFor(subject.user);
    if (known?.subject !== subject || known.execution !== this.execution) return this.build(subject);
    if (known !== this.built) this.remember(known);
    return known;
  }

  /** Returns nothing for an operation that has no user of its own: its subject is that of its request. */
  private readSubject(): Subject | undefined {
    const { builder, source, parent } = this;
    this.isReading = true;
    try {
      const user = builder.subjects.userOf(source);
      if (parent?.hasUser(user) === true) return undefined;
      return builder.subjects.read(source, user, this.builtFor(user)?.subject);
    } finally {
      this.isReading = false;
    }
  }

  private builtFor(user: unknown): Built | undefined {
    if (this.built?.subject.user === user) return this.built;
    return this.earlier?.find(({ subject }) => subject.user === user);
  }

  private build(subject: Subject): Built {
    const { builder, source, execution } = this;
    const base = this.fixed(builder.attributes(source, subject.id));
    const built: Built = { subject, execution, base, scope: base, late: undefined };
    // Before the factory is called: what asks a flag meanwhile must not call it again.
    this.remember(built);
    if (execution === undefined) return built;
    const made = runInScope(base, () => builder.complete(base.context, execution));
    if (made instanceof Promise) {
      built.late = made.then((context) => {
        built.late = undefined;
        return (built.scope = this.fixed(context));
      });
    } else if (made !== base.context) built.scope = this.fixed(made);
    return built;
  }

  /** Makes these the scopes of the current subject, and keeps those of the one before. */
  private remember(built: Built): void {
    const before = this.built;
    this.built = built;
    if (before === undefined || before.subject.user === built.subject.user) return;
    const others = (this.earlier ?? []).filter(({ subject }) => subject.user !== built.subject.user);
    this.earlier = [...others, before].slice(-MAX_SUBJECTS);
  }

  private withoutSubject(): Built {
    const base = this.fixed(this.builder.attributes(this.source, undefined));
    return { subject: NO_SUBJECT, execution: undefined, base, scope: base, late: undefined };
  }

  private fixed(context: EvaluationContext): EvaluationScope {
    return new EvaluationScope(context, this, this.owner, this.key);
  }
}

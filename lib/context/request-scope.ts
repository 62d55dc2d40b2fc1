import { type ExecutionContext } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { EvaluationScope, type ScopeOwner } from './evaluation-scope';
import { httpView, type RequestView } from './http-view';
import { type RequestContextBuilder } from './request-context-builder';

const NOT_BUILT: EvaluationContext = Object.freeze({});

interface Built {
  readonly user: unknown;
  readonly userId: string | undefined;
  readonly execution: ExecutionContext | undefined;
  context: EvaluationContext;
  late: Promise<void> | undefined;
}

/**
 * The scope of an HTTP request that was opened before anybody knew its handler or its user. Its context is built when
 * it is first read, and again when `request.user` has changed since.
 */
export class RequestScope extends EvaluationScope {
  override readonly follows = true;
  private built: Built | undefined;
  private execution: ExecutionContext | undefined;

  constructor(
    private readonly builder: RequestContextBuilder,
    private request: object,
    owner: ScopeOwner,
  ) {
    super(NOT_BUILT, undefined, owner);
  }

  /** Takes the request as handlers see it: Fastify wraps the one that middleware sees. */
  meetRequest(request: object): void {
    this.request = request;
  }

  /** Takes what the context factory needs. The first handler's stays: a request's context is made once. */
  meet(execution: ExecutionContext): void {
    if (this.builder.needsExecution) this.execution ??= execution;
  }

  override get context(): EvaluationContext {
    return this.refreshed().context;
  }

  override pending(): Promise<void> | undefined {
    return this.refreshed().late;
  }

  private refreshed(): Built {
    const view = httpView(this.request);
    const userId = this.builder.userId(view);
    const { built, execution } = this;
    const isSame =
      built !== undefined &&
      built.user === view.user &&
      built.userId === userId &&
      built.execution === execution;
    return isSame ? built : (this.built = this.build(view, userId));
  }

  private build(view: RequestView, userId: string | undefined): Built {
    const { execution } = this;
    const made = this.builder.build(execution, view, userId);
    const { user } = view;
    if (!(made instanceof Promise)) return { user, userId, execution, context: made, late: undefined };
    // Who cannot wait sees what is known by now.
    const context = this.builder.attributes(view, userId);
    const built: Built = { user, userId, execution, context, late: undefined };
    built.late = made.then((ready) => {
      built.context = ready;
      built.late = undefined;
    });
    return built;
  }
}

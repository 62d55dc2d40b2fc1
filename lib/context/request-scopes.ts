import { type ExecutionContext, Injectable } from '@nestjs/common';
import { EvaluationScope } from './evaluation-scope';
import { RequestContextBuilder } from './request-context-builder';
import { userOf, viewRequest } from './request-view';

interface Entry {
  /** Whom the context was built for. */
  readonly user: unknown;
  readonly userId: string | undefined;
  scope: EvaluationScope | Promise<EvaluationScope>;
}

/**
 * One scope a request, shared by guard, interceptor and parameter decorators. Kept by the request object itself, so
 * two requests never share one, and it goes when the request goes.
 */
@Injectable()
export class RequestScopes {
  // On the request itself: a weak map would cost every request several times as much, most of it in garbage collection.
  private readonly slot = Symbol('flagship.scope');

  constructor(private readonly builder: RequestContextBuilder) {}

  /** The scope of the request; a promise only while an asynchronous context factory is at work. */
  for(context: ExecutionContext): EvaluationScope | Promise<EvaluationScope> {
    const view = viewRequest(context);
    if (view === undefined) return this.open(context, undefined);
    const user = userOf(view.request);
    const userId = this.builder.userId(view);
    const holder = view.key as Record<symbol, Entry | undefined>;
    const known = holder[this.slot];
    // Authentication may have come between: what was built for nobody is not what holds for the user.
    if (known !== undefined && known.user === user && known.userId === userId) return known.scope;
    const scope = this.open(context, view, known?.scope);
    const entry: Entry = { user, userId, scope };
    holder[this.slot] = entry;
    if (scope instanceof Promise) void scope.then((ready) => (entry.scope = ready));
    return scope;
  }

  private open(
    context: ExecutionContext,
    view: ReturnType<typeof viewRequest>,
    before?: EvaluationScope | Promise<EvaluationScope>,
  ): EvaluationScope | Promise<EvaluationScope> {
    const built = this.builder.build(context, view);
    if (built instanceof Promise || before instanceof Promise) {
      return Promise.all([built, before]).then(([ready, earlier]) => new EvaluationScope(ready, earlier));
    }
    return new EvaluationScope(built, before);
  }
}

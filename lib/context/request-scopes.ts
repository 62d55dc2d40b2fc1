import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { RESOLVED_OPTIONS } from './context.constants';
import { EvaluationScope, type ScopeOwner } from './evaluation-scope';
import { RequestContextBuilder } from './request-context-builder';
import { userOf, viewRequest } from './request-view';

interface Entry {
  /** The request it was made for; a copy of the request carries the entry along, but is another one. */
  readonly owner: object;
  /** Whom the context was built for. */
  readonly user: unknown;
  readonly userId: string | undefined;
  scope: EvaluationScope | Promise<EvaluationScope>;
}

type Carrier = Record<symbol, Entry | undefined>;

/**
 * What carries the entry as a property. The list of raw headers is as much this request's own as the request, and a
 * plain list: Express changes the prototype of each request, after which adding a property takes 2 µs.
 */
function carrierOf(key: object): Carrier {
  const { rawHeaders } = key as { readonly rawHeaders?: unknown };
  const carrier = Array.isArray(rawHeaders) ? rawHeaders : key;
  return carrier as unknown as Carrier;
}

/**
 * One scope a request, shared by guard, interceptor and parameter decorators. Kept by the request object itself, so
 * two requests never share one, and it goes when the request goes.
 */
@Injectable()
export class RequestScopes {
  // On the request itself: a weak map would cost every request several times as much, most of it in garbage collection.
  private readonly slot = Symbol('flagship.scope');

  constructor(
    private readonly builder: RequestContextBuilder,
    @Inject(RESOLVED_OPTIONS) private readonly owner: ScopeOwner,
  ) {}

  /** The scope of the request; a promise only while an asynchronous context factory is at work. */
  for(context: ExecutionContext): EvaluationScope | Promise<EvaluationScope> {
    const view = viewRequest(context);
    if (view === undefined) return this.open(context, undefined);
    const user = userOf(view.request);
    const userId = this.builder.userId(view);
    const carrier = carrierOf(view.key);
    const there = carrier[this.slot];
    const known = there?.owner === view.key ? there : undefined;
    // Authentication may have come between: what was built for nobody is not what holds for the user.
    if (known !== undefined && known.user === user && known.userId === userId) return known.scope;
    const scope = this.open(context, view, known?.scope, userId);
    const entry: Entry = { owner: view.key, user, userId, scope };
    // A request that cannot carry anything has its context built again each time.
    if (Object.isExtensible(carrier)) carrier[this.slot] = entry;
    if (scope instanceof Promise) void scope.then((ready) => (entry.scope = ready));
    return scope;
  }

  private open(
    context: ExecutionContext,
    view: ReturnType<typeof viewRequest>,
    before?: EvaluationScope | Promise<EvaluationScope>,
    userId?: string,
  ): EvaluationScope | Promise<EvaluationScope> {
    const built = this.builder.build(context, view, userId);
    if (built instanceof Promise || before instanceof Promise) {
      return Promise.all([built, before]).then(
        ([ready, earlier]) => new EvaluationScope(ready, earlier, this.owner),
      );
    }
    return new EvaluationScope(built, before, this.owner);
  }
}

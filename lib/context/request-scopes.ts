import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type ResolvedModuleOptions } from '../options';
import { RESOLVED_OPTIONS } from './context.constants';
import { EvaluationScope } from './evaluation-scope';
import { httpCarrier, httpKey, type RequestView } from './http-view';
import { RequestContextBuilder } from './request-context-builder';
import { RequestScope } from './request-scope';
import { viewRequest } from './request-view';

interface Entry {
  /** The request it was made for; a copy of the request carries the entry along, but is another one. */
  readonly owner: object;
  /** Whom the context was built for. */
  readonly user: unknown;
  readonly userId: string | undefined;
  scope: EvaluationScope | Promise<EvaluationScope>;
}

type Carrier = Record<symbol, Entry | undefined>;

/** A request that cannot carry anything has its context built again each time. */
function putOn(carrier: object, slot: symbol, entry: Entry): void {
  if (Object.isExtensible(carrier)) (carrier as Carrier)[slot] = entry;
}

/**
 * One scope a request, shared by guard, interceptor and parameter decorators. Kept by the request object itself, so
 * two requests never share one, and it goes when the request goes.
 */
@Injectable()
export class RequestScopes {
  // On the request itself: a weak map would cost every request several times as much, most of it in garbage collection.
  private readonly slot = Symbol('flagship.scope');
  /** Messages of WebSockets that no interceptor handles, by their data: guard and parameters have no more in common. */
  private readonly byData = new WeakMap<object, Entry>();

  constructor(
    private readonly builder: RequestContextBuilder,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
  ) {}

  /** The scope of the request; a promise only while an asynchronous context factory is at work. */
  for(context: ExecutionContext): EvaluationScope | Promise<EvaluationScope> {
    const view = viewRequest(context);
    if (view === undefined) return this.open(context, undefined);
    const known = this.entryOf(view);
    const opened = view.borneBy === undefined ? known?.scope : this.entered(view.borneBy);
    if (opened instanceof RequestScope) {
      opened.meet(context);
      return opened;
    }
    const userId = this.builder.userId(view);
    // Authentication may have come between: what was built for nobody is not what holds for the user.
    if (known !== undefined && known.user === view.user && known.userId === userId) return known.scope;
    const scope = this.open(context, view, known?.scope, userId);
    const entry: Entry = { owner: view.key, user: view.user, userId, scope };
    this.keep(view, entry);
    if (scope instanceof Promise) void scope.then((ready) => (entry.scope = ready));
    return scope;
  }

  /** The scope of an HTTP request of which nothing is known yet but itself; one that was opened before stays. */
  enter(request: object): RequestScope {
    const opened = this.entered(request);
    if (opened !== undefined) return opened;
    const scope = new RequestScope(this.builder, request, this.options);
    const owner = httpKey(request);
    putOn(httpCarrier(owner), this.slot, { owner, user: undefined, userId: undefined, scope });
    return scope;
  }

  /** The scope that middleware has opened for an HTTP request. */
  entered(request: object): RequestScope | undefined {
    const key = httpKey(request);
    const there = (httpCarrier(key) as Carrier)[this.slot];
    return there?.owner === key && there.scope instanceof RequestScope ? there.scope : undefined;
  }

  /**
   * Hands the execution context to the scope that middleware has opened for the request.
   *
   * @returns A promise while the context factory takes its time; who reads the context without waiting would miss it.
   */
  meet(context: ExecutionContext): Promise<void> | undefined {
    const view = viewRequest(context);
    const opened = view === undefined ? undefined : this.entered(view.borneBy ?? view.key);
    opened?.meet(context);
    return this.builder.mayBeLate ? opened?.pending() : undefined;
  }

  private entryOf({ key, carrier, data }: RequestView): Entry | undefined {
    const there = (carrier as Carrier)[this.slot];
    if (there?.owner === key) return there;
    return data === undefined ? undefined : this.byData.get(data);
  }

  private keep({ carrier, data }: RequestView, entry: Entry): void {
    putOn(carrier, this.slot, entry);
    // Data may be kept for long by the application, and would keep the scope.
    if (data !== undefined && this.options.propagation === 'none') this.byData.set(data, entry);
  }

  private open(
    context: ExecutionContext,
    view: RequestView | undefined,
    before?: EvaluationScope | Promise<EvaluationScope>,
    userId?: string,
  ): EvaluationScope | Promise<EvaluationScope> {
    const built = this.builder.build(context, view, userId);
    const key = view?.key;
    if (built instanceof Promise || before instanceof Promise) {
      return Promise.all([built, before]).then(
        ([ready, earlier]) => new EvaluationScope(ready, earlier, this.options, key),
      );
    }
    return new EvaluationScope(built, before, this.options, key);
  }
}

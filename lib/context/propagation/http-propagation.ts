import { type HttpAdapterHost } from '@nestjs/core';
import { type FastifyRequestHook, setFirstFastifyHook } from '../../undocumented';
import { type RequestScopes, isCurrent, runInScope } from '../scope';

type Adapter = NonNullable<HttpAdapterHost['httpAdapter']>;

interface Fastify {
  addHook(name: 'onRequest' | 'preValidation' | 'preHandler', hook: FastifyRequestHook): unknown;
}

/** The scopes whose Fastify hook is registered. It is read only while an application starts. */
const scopesWithHook = new WeakSet<RequestScopes>();

const isFastify = (adapter: Adapter): boolean => adapter.getType() === 'fastify';

function scopeHook(scopes: RequestScopes): FastifyRequestHook {
  return (request, _reply, done) => {
    const scope = scopes.openFor(request);
    if (isCurrent(scope)) done();
    else runInScope(scope, done);
  };
}

/** Opens the scope around each HTTP request of an application: its middleware, guards, pipes, handlers and filters. */
export function openAroundRequests(adapter: Adapter, scopes: RequestScopes): void {
  const enter = scopeHook(scopes);
  if (!isFastify(adapter)) {
    adapter.use(enter);
    return;
  }
  // Hooks instead of middleware, because @fastify/middie copies ten properties to every request.
  setFirstFastifyHook(adapter, enter);
  const fastify = adapter.getInstance<Fastify>();
  // These hooks open the scope if the adapter has no such hook (Nest 10), or if other code has set it.
  fastify.addHook('onRequest', enter);
  fastify.addHook('preHandler', enter);
}

/**
 * Registers a Fastify hook that attaches Fastify's request to a scope which middleware has opened for Node's request,
 * because authentication in handlers and guards sets the user on Fastify's.
 */
export function attachFastifyRequest(adapter: Adapter | undefined, scopes: RequestScopes): void {
  if (adapter === undefined || !isFastify(adapter) || scopesWithHook.has(scopes)) return;
  scopesWithHook.add(scopes);
  adapter.getInstance<Fastify>().addHook('preValidation', (request, _reply, done) => {
    if (scopes.findOpen(request) !== undefined) scopes.openFor(request);
    done();
  });
}

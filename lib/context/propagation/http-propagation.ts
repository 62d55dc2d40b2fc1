import { type HttpAdapterHost } from '@nestjs/core';
import { type FastifyRequestHook, setFirstFastifyHook } from '../../undocumented';
import { type RequestScopes, isCurrent, runInScope } from '../scope';
type Adapter = NonNullable<HttpAdapterHost['httpAdapter']>;

interface Fastify {
  addHook(name: 'onRequest' | 'preValidation' | 'preHandler', hook: FastifyRequestHook): unknown;
}

/** Whose hooks are in place already; looked at only while an application starts. */
const hooked = new WeakSet<RequestScopes>();

const isFastify = (adapter: Adapter): boolean => adapter.getType() === 'fastify';

function entering(scopes: RequestScopes): FastifyRequestHook {
  return (request, _reply, done) => {
    const scope = scopes.openFor(request);
    if (isCurrent(scope)) done();
    else runInScope(scope, done);
  };
}

/** Opens a scope around each request of an application: middleware, guards, pipes, filters and all that follows. */
export function openAroundRequests(adapter: Adapter, scopes: RequestScopes): void {
  const enter = entering(scopes);
  if (!isFastify(adapter)) {
    adapter.use(enter);
    return;
  }
  // Not as middleware: that goes through @fastify/middie, which copies ten properties to every request.
  setFirstFastifyHook(adapter, enter);
  const fastify = adapter.getInstance<Fastify>();
  // Where there is no such room, or something else takes it.
  fastify.addHook('onRequest', enter);
  fastify.addHook('preHandler', enter);
}

/** Middleware sees Node's request, where Fastify's handlers leave the user on Fastify's own: the scope follows that one. */
export function followHandlersRequest(adapter: Adapter | undefined, scopes: RequestScopes): void {
  if (adapter === undefined || !isFastify(adapter) || hooked.has(scopes)) return;
  hooked.add(scopes);
  adapter.getInstance<Fastify>().addHook('preValidation', (request, _reply, done) => {
    if (scopes.openedFor(request) !== undefined) scopes.openFor(request);
    done();
  });
}

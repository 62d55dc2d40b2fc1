/**
 * All uses of members that other packages do not document, in one file. Each function names the member, the versions
 * that it was checked with, and the effect when the member is gone. No property of another package's object is
 * redefined, and `undocumented-reads.spec.ts` fails when one of these members is gone.
 */
import { readSafely } from '../runtime';

/**
 * Returns the application's configuration (global prefix, versioning), which Nest offers to modules in no public way.
 *
 * Reads `moduleRef.container.applicationConfig`. Checked with `@nestjs/core` 10.4, 11.1, 11.2 and 12.0. Without it the
 * list of used flags shows routes without prefix and version.
 */
export function applicationConfigOf(moduleRef: object): unknown {
  return readSafely(
    () =>
      (moduleRef as { readonly container?: { readonly applicationConfig?: unknown } }).container
        ?.applicationConfig,
  );
}

/**
 * Returns the logger that an OpenFeature client hands to its provider.
 *
 * Reads `client._logger`. Checked with `@openfeature/server-sdk` 1.20 to 1.23. Without it an evaluation that skips the
 * client logs with OpenFeature's default logger.
 */
export function clientLoggerOf(client: object): unknown {
  return (client as { readonly _logger?: unknown })._logger;
}

/**
 * Returns OpenFeature's transaction context propagator. The documented alternative, which sets a test context and reads
 * it back, may leave that context in the propagator.
 *
 * Reads `OpenFeature._transactionContextPropagator`. Checked with `@openfeature/server-sdk` 1.20 to 1.23. Without it the
 * module sets a test context and reads it back.
 */
export function transactionContextPropagatorOf(openFeature: object): unknown {
  return (openFeature as { readonly _transactionContextPropagator?: unknown })._transactionContextPropagator;
}

/**
 * Returns the connection of a WebSocket client of `ws`. It leads to the upgrade request, which `ws` does not keep.
 *
 * Reads `client._socket`. Checked with `ws` 8.18 to 8.23. Without it a gateway's message over `ws` has no request, so
 * the evaluation context has no headers.
 */
export function connectionOf(client: object): object | undefined {
  const { _socket: connection } = client as { readonly _socket?: unknown };
  return typeof connection === 'object' && connection !== null ? connection : undefined;
}

/** A hook of Fastify's `onRequest`. */
export type FastifyRequestHook = (request: object, reply: unknown, done: () => void) => void;

/**
 * Sets the one hook that Nest's adapter for Fastify runs before everything else, unless it is set already.
 *
 * Calls `adapter.setOnRequestHook`, reads `adapter.onRequestHook`. Checked with `@nestjs/platform-fastify` 11.1, 11.2
 * and 12.0; Nest 10 has neither. Without them the scope begins with Fastify's own hooks, after Nest's middleware.
 */
export function setFirstFastifyHook(adapter: object, hook: FastifyRequestHook): void {
  const fastify = adapter as {
    readonly onRequestHook?: FastifyRequestHook;
    setOnRequestHook?(hook: FastifyRequestHook): void;
  };
  if (fastify.onRequestHook === undefined) fastify.setOnRequestHook?.(hook);
}

/**
 * The names under which Nest's decorators store their arguments. Checked with Nest 10.4, 11.2 and 12.0. Where one is
 * gone, the list of used flags names the class and the method instead of the route, message or field.
 */
export const NEST_METADATA = {
  imports: 'imports',
  path: 'path',
  method: 'method',
  version: '__version__',
  modulePath: '__module_path__',
  graphqlType: 'graphql:resolver_type',
  graphqlName: 'graphql:resolver_name',
  graphqlProperty: 'graphql:resolve_property',
  isGateway: 'websockets:is_gateway',
  isSocketMessage: 'websockets:message_mapping',
  socketMessage: 'message',
  messagePattern: 'microservices:pattern',
  messageKind: 'microservices:handler_type',
} as const;

/** The kind under which `@EventPattern` stores a handler; see {@link NEST_METADATA}. */
export const EVENT_KIND = 2;

/** Returns what a decorator of Nest's has stored on a class or method. */
export function nestMetadata(name: keyof typeof NEST_METADATA, target: object): unknown {
  return Reflect.getMetadata(NEST_METADATA[name], target);
}

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

/** A dispatcher that accepts handlers of undici's first interface, which all versions of undici understand. */
export interface GlobalDispatcher {
  dispatch(request: object, handler: object): unknown;
}

/** The global dispatcher for handlers of the first interface, and the one for handlers of the second. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const SECOND_GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.2');

/**
 * Returns undici's global dispatcher, whichever copy of undici in the process has set it; undefined when there is none.
 *
 * Reads the symbol that Node and undici share. Checked with undici 6.29, 7.30, 8.0.1 and 8.13, and the copies in Node 20, 22 and
 * 24. Without it the application's global dispatcher is not used.
 */
export function globalDispatcher(): GlobalDispatcher | undefined {
  return (globalThis as Record<symbol, GlobalDispatcher | undefined>)[GLOBAL_DISPATCHER];
}

/**
 * Whether a global dispatcher does something else than connect directly. A default one does not: Node sets it with the
 * first `fetch`, and undici when it is loaded.
 *
 * Reads the options and the prototypes of an `Agent`, and the static method of undici 8's wrapper, not the names of
 * classes, which a minified bundle changes. Checked with the versions above. Without them a default agent counts as one
 * that the application has set: its connections are used instead of the package's own.
 */
export function isApplicationDispatcher(dispatcher: GlobalDispatcher): boolean {
  const isWrapper = 'wrapHandler' in dispatcher.constructor;
  const agent = isWrapper
    ? ((globalThis as Record<symbol, object | undefined>)[SECOND_GLOBAL_DISPATCHER] ?? dispatcher)
    : dispatcher;
  if (!isPlainAgent(agent)) return true;
  const key = Object.getOwnPropertySymbols(agent).find(({ description }) => description === 'options');
  const options = key && (agent as Record<symbol, unknown>)[key];
  if (typeof options !== 'object' || options === null) return true;
  // The defaults of undici 6 to 8: all undefined, but `maxOrigins`.
  return Object.values(options).some((value) => value !== undefined && value !== Infinity);
}

/**
 * Whether a dispatcher is an `Agent` itself, which inherits `dispatch` from the class that it extends. Those that are
 * not: an instance of a subclass, one with a `dispatch` of its own, and a composed one, a proxy that replaces `dispatch`.
 */
function isPlainAgent(dispatcher: object): boolean {
  const prototype = Object.getPrototypeOf(dispatcher) as object;
  const base = Object.getPrototypeOf(prototype) as Partial<GlobalDispatcher>;
  return (
    !Object.hasOwn(prototype, 'dispatch') &&
    Object.hasOwn(base, 'dispatch') &&
    (dispatcher as GlobalDispatcher).dispatch === base.dispatch
  );
}

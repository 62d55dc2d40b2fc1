import type * as Undici from 'undici';
import { type ResolvedProxy } from '../options';
import { withTimeLimit } from '../runtime';
import { ApplicationDispatcher, dispatchThrough } from './application-dispatcher';
import { type TimeLimit } from './limits';
import { proxyAgent } from './proxy-agent';
import { closedError, networkError, timeoutError } from './request-errors';
import { ResponseHandler } from './response-handler';
import { type HttpResponse, type OutgoingRequest, type Transport } from './transport';

/** More sockets to one origin bring no gain. Further requests queue, within their time limit. */
const MAX_CONNECTIONS = 256;
/** How long an idle connection is kept when the server sends no `Keep-Alive` header. */
const KEEP_ALIVE_MS = 30_000;
/** How long closing waits for the sockets. The pool does not always report that they are closed. */
const CLOSE_TIMEOUT_MS = 500;

/** The shortest WebAssembly: its magic number and its version. */
const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** What TypeScript declares for browsers only. */
interface GlobalWithWebAssembly {
  readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };
}

/** Where the requests of a transport go. */
export interface TransportTarget {
  readonly origin: string;
  /** Time limit of a connection attempt. */
  readonly connectTimeoutMs: number;
  readonly proxy?: ResolvedProxy;
}

/** Loads undici at first use: it loads slower than the rest of this package, and not every source sends requests. */
function loadUndici(): typeof Undici {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require('undici') as typeof Undici;
}

/**
 * Whether undici can send requests. In Bun it is no more than its name: the pool has no method for that. Cloudflare
 * Workers compile no WebAssembly at run time, which undici's HTTP parser is.
 */
function canSend({ Pool }: typeof Undici): boolean {
  const { dispatch } = Pool.prototype as Partial<Undici.Pool>;
  if (typeof dispatch !== 'function') return false;
  try {
    const { WebAssembly } = globalThis as unknown as GlobalWithWebAssembly;
    new WebAssembly.Module(EMPTY_MODULE);
    return true;
  } catch {
    return false;
  }
}

/** Returns what is common to connections to Flagship and through a proxy. */
function connectionOptions({ connectTimeoutMs }: TransportTarget): Undici.Pool.Options {
  return {
    connections: MAX_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: connectTimeoutMs },
    // `ResponseHandler` has one timer for all phases of a request.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/**
 * Sends requests over kept-alive connections of undici: its own ones to Flagship or to a proxy, or those of the global
 * dispatcher that the application has set.
 */
export class UndiciTransport implements Transport {
  // Private fields of the language: passwords and tokens must not appear where an application prints the provider.
  readonly #target: TransportTarget;
  readonly #dispatcher: Undici.Dispatcher;
  private readonly applicationDispatcher = new ApplicationDispatcher();
  readonly #pending = new Set<ResponseHandler>();

  private constructor(target: TransportTarget, undici: typeof Undici) {
    this.#target = target;
    this.#dispatcher =
      target.proxy === undefined
        ? new undici.Pool(target.origin, connectionOptions(target))
        : proxyAgent(undici, target.proxy.url, connectionOptions(target), target.connectTimeoutMs);
  }

  /** Returns undefined where undici cannot send requests. */
  static create(target: TransportTarget): UndiciTransport | undefined {
    const undici = loadUndici();
    return canSend(undici) ? new UndiciTransport(target, undici) : undefined;
  }

  send(request: OutgoingRequest, timeLeftMs: number, limit: TimeLimit): Promise<HttpResponse> {
    const ofApplication = this.applicationDispatcher.current;
    return new Promise<HttpResponse>((resolve, reject) => {
      const handler: ResponseHandler = new ResponseHandler(
        (response) => {
          this.#pending.delete(handler);
          resolve(response);
        },
        (error) => {
          this.#pending.delete(handler);
          reject(error);
        },
        request,
        {
          timeout: () => timeoutError(limit),
          network: (cause) => networkError(cause, request, this.describeRoute(ofApplication !== undefined)),
        },
        timeLeftMs,
      );
      this.#pending.add(handler);
      try {
        if (ofApplication !== undefined) dispatchThrough(ofApplication, this.withOrigin(request), handler);
        else if (this.#target.proxy !== undefined)
          this.#dispatcher.dispatch(this.withOrigin(request), handler);
        else this.#dispatcher.dispatch(request, handler);
      } catch (error) {
        handler.onResponseError(undefined, error as Error);
      }
    });
  }

  interrupt(reason: Error): void {
    for (const handler of this.#pending) handler.fail(reason);
  }

  /** Closes the package's own connections. The application's dispatcher is the application's to close. */
  async close(): Promise<void> {
    this.interrupt(closedError());
    try {
      await withTimeLimit('connections', () => this.#dispatcher.destroy(), CLOSE_TIMEOUT_MS);
    } catch {
      // `destroy` closes the sockets even when it reports that late or never.
    }
  }

  /** The headers are a copy, because a dispatcher for any origin may add `host` to them. */
  private withOrigin({ method, path, headers, body }: OutgoingRequest): Undici.Dispatcher.DispatchOptions {
    return { origin: this.#target.origin, method, path, headers: { ...headers }, body };
  }

  /** @param isOfApplication Whether the application's dispatcher has sent the request. */
  private describeRoute(isOfApplication: boolean): string {
    if (isOfApplication)
      return 'It went through the global dispatcher that the application has set in undici.';
    const { proxy } = this.#target;
    return proxy === undefined
      ? ''
      : `The environment variable "${proxy.variable}" names a proxy; "NO_PROXY" lists the hosts that need none.`;
  }
}

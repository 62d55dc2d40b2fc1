import { type IncomingHttpHeaders } from 'node:http';
import { callSafely, isThenable, readSafely } from '../runtime';
import { type GlobalDispatcher, globalDispatcher, isApplicationDispatcher } from '../undocumented';
import { type ResponseHandler } from './response-handler';

/**
 * The dispatcher that the application has given to `setGlobalDispatcher` of its own undici: an agent with a certificate
 * authority, a proxy, a `MockAgent`. It is looked up for each request, because a test sets and removes one at any time.
 */
export class ApplicationDispatcher {
  // A private field of the language: a dispatcher may hold a password, which an application prints with the provider.
  #lastSeen: GlobalDispatcher | undefined;
  private isSetByApplication = false;

  /** Undefined while the global dispatcher is absent, or a default one. */
  get current(): GlobalDispatcher | undefined {
    const dispatcher = globalDispatcher();
    if (dispatcher !== this.#lastSeen) {
      this.#lastSeen = dispatcher;
      this.isSetByApplication =
        readSafely(() => typeof dispatcher?.dispatch) === 'function' &&
        readSafely(() => dispatcher && isApplicationDispatcher(dispatcher)) !== false;
    }
    return this.isSetByApplication ? dispatcher : undefined;
  }
}

/** Turns the headers of undici's first interface, names and values in turn, into a record. */
function headersOf(rawHeaders: unknown): IncomingHttpHeaders {
  const headers = Object.create(null) as Record<string, string | string[]>;
  const parts: readonly unknown[] = Array.isArray(rawHeaders) ? rawHeaders : [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const name = String(parts[index]).toLowerCase();
    const value = bytesOf(parts[index + 1]).toString('latin1');
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return headers;
}

function bytesOf(part: unknown): Buffer {
  return Buffer.isBuffer(part) ? part : Buffer.from(String(part));
}

/**
 * A handler of undici's first interface in front of a {@link ResponseHandler}. The application's undici may be another
 * version than this package's, and the first interface is the one that all of them accept from a global dispatcher.
 */
class FirstInterfaceHandler {
  constructor(private readonly handler: ResponseHandler) {}

  onConnect(abort: (reason?: Error) => void): void {
    this.handler.onRequestStart({
      abort: (reason) => {
        callSafely(() => {
          abort(reason);
        });
      },
    });
  }

  onHeaders(status: number, rawHeaders: unknown): boolean {
    // An interim response, such as 103, is followed by the final one.
    if (status >= 200) this.handler.onResponseStart(undefined, status, headersOf(rawHeaders));
    return true;
  }

  onData(chunk: unknown): boolean {
    this.handler.onResponseData(undefined, bytesOf(chunk));
    return true;
  }

  onComplete(): void {
    this.handler.onResponseEnd();
  }

  onError(error: Error): void {
    this.handler.onResponseError(undefined, error);
  }
}

/**
 * Sends a request through a dispatcher of the application's. Every failure reaches the handler.
 *
 * @param request The request with its origin.
 */
export function dispatchThrough(
  dispatcher: GlobalDispatcher,
  request: object,
  handler: ResponseHandler,
): void {
  const fail = (error: unknown): void => {
    handler.onResponseError(undefined, error as Error);
  };
  try {
    const result = dispatcher.dispatch(request, new FirstInterfaceHandler(handler));
    // A rejection without a handler would end the process.
    if (isThenable(result)) result.then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}

import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isObject, type MaybeAuthenticated, type RequestSource } from './request-source';

/** An HTTP request. What identifies it is Node's own request, which middleware and handlers have in common. */
export class HttpRequest implements RequestSource {
  readonly holder: object;

  /**
   * @param key Node's own request.
   * @param request The request as handlers get it; with Fastify that is another object.
   */
  constructor(
    readonly key: object,
    readonly request: object,
  ) {
    this.holder = holderOf(key);
  }

  get user(): unknown {
    const { user } = this.request as MaybeAuthenticated;
    // Middleware of Nest on Fastify gets Node's request, and leaves the user there.
    return this.request === this.key ? user : (user ?? (this.key as MaybeAuthenticated).user);
  }

  get headers(): unknown {
    return (this.request as MaybeAuthenticated).headers;
  }
}

/**
 * Returns what keeps the scope of an HTTP request: its list of raw headers, a plain list of its own. Express changes the
 * prototype of each request, after which adding a property to the request takes 2 µs.
 */
export function holderOf(nodeRequest: object): object {
  const { rawHeaders } = nodeRequest as { readonly rawHeaders?: unknown };
  return Array.isArray(rawHeaders) ? rawHeaders : nodeRequest;
}

/**
 * Tells what is a request of the application's HTTP framework, and finds Node's request in it. The framework is known by
 * Nest's adapter: a property that an application adds to its requests, whatever its name, changes nothing here.
 */
@Injectable()
export class HttpRequests {
  private withFastify: boolean | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  /** Returns Node's own request: the identity of an HTTP request. */
  nodeRequestOf(request: object): object {
    if (!this.isFastify || request instanceof Readable) return request;
    const { raw } = request as { readonly raw?: unknown };
    return isObject(raw) ? raw : request;
  }

  /** Whether this is a request of Node's, or one that Fastify has made of it. */
  isRequest(value: unknown): value is object {
    return isObject(value) && this.nodeRequestOf(value) instanceof Readable;
  }

  private get isFastify(): boolean {
    if (this.withFastify !== undefined) return this.withFastify;
    // There is none before the application is made, or without HTTP.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter === undefined) return false;
    return (this.withFastify = adapter.getType() === 'fastify');
  }
}

import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isObject } from '../../types';
import { type MaybeAuthenticated, type RequestSource } from './request-source';

/** An HTTP request, identified by Node's `IncomingMessage`, which middleware and handlers both refer to. */
export class IncomingHttpRequest implements RequestSource {
  /**
   * @param key Node's `IncomingMessage`.
   * @param request The request that Nest passes to handlers; with Fastify, an object that wraps `key`.
   */
  constructor(
    readonly key: object,
    readonly request: object,
  ) {}

  get user(): unknown {
    const { user } = this.request as MaybeAuthenticated;
    // With Fastify, Nest passes Node's request to middleware, so middleware sets `user` on that object.
    return this.request === this.key ? user : (user ?? (this.key as MaybeAuthenticated).user);
  }

  get headers(): unknown {
    return (this.request as MaybeAuthenticated).headers;
  }
}

/**
 * Returns the object that stores the scope of an HTTP request as a property: the request's array of raw headers, which
 * no other request shares. Express changes the prototype of each request, and adding a property to such an object takes
 * 2 µs.
 */
export function scopeHolderOf(nodeRequest: object): object {
  const { rawHeaders } = nodeRequest as { readonly rawHeaders?: unknown };
  return Array.isArray(rawHeaders) ? rawHeaders : nodeRequest;
}

/**
 * Recognizes requests of the application's HTTP framework and finds Node's request in them. The framework is determined
 * by Nest's HTTP adapter, so a property that the application adds to its requests (`raw`, for example) is not taken for
 * Node's request.
 */
@Injectable()
export class HttpRequests {
  /** Whether the adapter is Fastify's; undefined until Nest has created an adapter. */
  private usesFastify: boolean | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  /** Returns Node's `IncomingMessage` of a request, which identifies the request. */
  nodeRequestOf(request: object): object {
    if (!this.isFastify || request instanceof Readable) return request;
    const { raw } = request as { readonly raw?: unknown };
    return isObject(raw) ? raw : request;
  }

  /** Whether the value is Node's request, or Fastify's wrapper around one. */
  isRequest(value: unknown): value is object {
    return isObject(value) && this.nodeRequestOf(value) instanceof Readable;
  }

  private get isFastify(): boolean {
    if (this.usesFastify !== undefined) return this.usesFastify;
    // Nest has no adapter until the application is created, and none in an application without HTTP.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter === undefined) return false;
    return (this.usesFastify = adapter.getType() === 'fastify');
  }
}

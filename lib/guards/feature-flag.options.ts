import { type ExecutionContext } from '@nestjs/common';
import { type FlagDomain, type JsonValue } from '../options';
import { type Refusal } from './refusal';

/** The options of `@FeatureFlag`: which values let a request pass, and how a request is refused. */
export interface FeatureFlagOptions {
  /**
   * The value, or a list of values, that lets a request pass. It determines the flag's type. Objects are compared deeply;
   * the order of keys is ignored. For a flag whose value is a list, wrap that list in a list.
   * @default true
   * @example { equals: ['beta', 'canary'] }
   */
  readonly equals?: JsonValue | undefined;

  /**
   * Whether all of several flags must be on, or any one of them is enough.
   * @default 'all'
   * @example { match: 'any' }
   */
  readonly match?: 'all' | 'any' | undefined;

  /**
   * Whether the requirement is inverted: a request passes only if the requirement is known not to be met. A failed
   * evaluation lets no request pass; set `defaultValue` to define what it counts as.
   * @default false
   * @example { not: true, defaultValue: false }
   */
  readonly not?: boolean | undefined;

  /**
   * The value that counts if the evaluation fails or the flag is switched off. It must have the type of `equals`.
   * @default none: the request is refused
   * @example { defaultValue: true }
   */
  readonly defaultValue?: JsonValue | undefined;

  /**
   * A function that lets a request pass without an evaluation if it returns true; it may be asynchronous. If it throws or
   * takes longer than 2 seconds, it lets no request pass, and the first failure is logged. It applies to its own
   * decorator only.
   * @default none
   * @example { bypass: (context) => context.switchToHttp().getRequest().user?.isStaff === true }
   */
  readonly bypass?: ((context: ExecutionContext) => boolean | Promise<boolean>) | undefined;

  /**
   * The response to a refused request: an exception, its class, a function that returns one, or a redirect. A redirect
   * applies to HTTP; other transports get the default. The default is a 404 on HTTP, an error with `extensions.code`
   * `NOT_FOUND` in GraphQL, a `WsException` on a WebSocket and an `RpcException` in a microservice.
   *
   * JavaScript's own errors (`Error`, `TypeError`) are not accepted, because Nest answers them as internal errors. A
   * function may be asynchronous; if it throws, takes longer than 2 seconds or returns no such exception, the request
   * gets the default, and the first failure is logged.
   * @default NotFoundException, worded as for a route that does not exist
   * @example { otherwise: () => new ForbiddenException('Not yet') }
   * @example { otherwise: { redirect: '/old-checkout' } }
   */
  readonly otherwise?: Refusal | undefined;

  /**
   * The domain of the Flagship module that evaluates the flags, for an application with several.
   * @default the module without a domain
   * @example { domain: 'billing' }
   */
  readonly domain?: FlagDomain | undefined;
}

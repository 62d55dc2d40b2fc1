import { type ExecutionContext } from '@nestjs/common';
import { type JsonValue } from '../options';
import { type Refusal } from './refusal';

/** How `@FeatureFlag` judges and refuses. */
export interface FeatureFlagOptions {
  /**
   * The value, or a list of values, that lets a request pass; for string, number and object flags. Compared deeply, the
   * order of keys ignored. To ask for a list as value, put it in a list.
   * @default true
   * @example { equals: ['beta', 'canary'] }
   */
  readonly equals?: JsonValue;

  /**
   * Of several flags: must all of them be on, or is any one enough?
   * @default 'all'
   * @example { match: 'any' }
   */
  readonly match?: 'all' | 'any';

  /**
   * Turns the requirement round: a request passes only when it is known not to be met. A flag without an answer is no
   * reason to pass: give a `defaultValue` to say what it counts as.
   * @default false
   * @example { not: true, defaultValue: false }
   */
  readonly not?: boolean;

  /**
   * The value to judge when the flag has no answer or is switched off.
   * @default none: the request is refused
   */
  readonly defaultValue?: JsonValue;

  /**
   * Lets a request pass without asking the flag, when it returns true; may be asynchronous. One that throws, or takes
   * longer than two seconds, lets no request pass, and is logged once.
   * @default none
   * @example { bypass: (context) => context.switchToHttp().getRequest().user?.isStaff === true }
   */
  readonly bypass?: (context: ExecutionContext) => boolean | Promise<boolean>;

  /**
   * What a refused request gets. A redirect is for HTTP; elsewhere the default takes its place. The default is, in
   * GraphQL, an error with `extensions.code` `NOT_FOUND`, on a WebSocket a `WsException` and in a microservice an
   * `RpcException`.
   *
   * JavaScript's own errors (`Error`, `TypeError`) are not accepted, because Nest answers them as a crash. A function may
   * be asynchronous; where it throws, takes longer than two seconds or makes something else, the request gets the
   * default, and the first failure is logged.
   * @default NotFoundException, worded as for a route that does not exist
   * @example { otherwise: () => new ForbiddenException('Not yet') }
   * @example { otherwise: { redirect: '/old-checkout' } }
   */
  readonly otherwise?: Refusal;

  /**
   * Whose flags these are, where the application has several Flagship modules.
   * @default the module without a domain
   */
  readonly domain?: string;
}

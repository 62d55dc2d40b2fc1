import { type ExecutionContext, type Type } from '@nestjs/common';
import { type JsonValue } from '../options';

/** What a refused request gets: an exception, its class, or a function that makes one. */
export type Refusal = Error | Type<Error> | ((context: ExecutionContext) => Error);

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
   * The value to judge when the flag has no answer or is switched off.
   * @default none: the request is refused
   */
  readonly defaultValue?: JsonValue;

  /**
   * What a refused request gets. Without it, GraphQL gets an error with `extensions.code` `NOT_FOUND`, a WebSocket a
   * `WsException` and a microservice an `RpcException`.
   * @default NotFoundException, worded as for a route that does not exist
   * @example { otherwise: () => new ForbiddenException('Not yet') }
   */
  readonly otherwise?: Refusal;
}

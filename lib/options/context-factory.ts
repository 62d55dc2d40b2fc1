import { type ExecutionContext } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';

/**
 * Returns attributes of a request, or undefined for none. It is the `ContextFactory` of `@openfeature/nestjs-sdk`, whose
 * functions are accepted unchanged.
 *
 * @example
 * const byHandler: ContextFactory = (execution) => ({ handler: execution.getHandler().name });
 */
export type ContextFactory = (
  execution: ExecutionContext,
) => Promise<EvaluationContext | undefined> | EvaluationContext | undefined;

import { type ExecutionContext, Injectable } from '@nestjs/common';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { RequestScopes } from '../context';
import { type FlagType } from '../options';
import { FlagEvaluator } from './flag-evaluator';

/** Evaluates flags for the request of an execution context, in its scope, whether or not one is open around the caller. */
@Injectable()
export class RequestFlags {
  constructor(
    private readonly scopes: RequestScopes,
    private readonly evaluator: FlagEvaluator,
  ) {}

  evaluate<T extends JsonValue>(
    context: ExecutionContext,
    type: FlagType,
    flagKey: string,
    defaultValue: T,
  ): Promise<EvaluationDetails<T>> {
    const scope = this.scopes.for(context);
    return scope instanceof Promise
      ? scope.then((ready) => this.evaluator.evaluate(type, flagKey, defaultValue, undefined, ready))
      : this.evaluator.evaluate(type, flagKey, defaultValue, undefined, scope);
  }
}

import {
  type ExecutionContext,
  Injectable,
  Optional,
  type OnApplicationShutdown,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { expectModule } from '../errors';
import { RequestFlags } from '../service';
import { type ParameterFlag } from './flag-parameter';
import { type ParameterApplication, ParameterApplications } from './parameter-applications';

/** Returns the part of the details that the handler receives: the value alone, or all details. */
type DetailsPart = (details: EvaluationDetails<JsonValue>) => unknown;

/** Evaluates the flag of a parameter with the flags of an application. */
type EvaluateWith = (flags: RequestFlags) => Promise<unknown>;

/** The placeholder for a parameter's value while the application of its request is unknown. */
class PendingParameter {
  readonly #evaluate: EvaluateWith;

  constructor(evaluate: EvaluateWith) {
    this.#evaluate = evaluate;
  }

  resolve(flags: RequestFlags): Promise<unknown> {
    return this.#evaluate(flags);
  }
}

/** The factory that Nest calls per request for a decorated parameter, and the pipe that receives injections for it. */
export interface ParameterDecoratorParts {
  /** Returns a promise of the value, so that the application's pipes receive the value and not a placeholder. */
  readonly factory: (data: unknown, context: ExecutionContext) => unknown;
  readonly pipe: Type<PipeTransform>;
}

/**
 * Returns the factory and the pipe of a parameter. A factory receives the request but no injections; a pipe receives
 * injections but no request. So the pipe, which Nest creates once per module, registers its application with the factory,
 * and the factory evaluates the flag. The pipe cannot do that: the application's own pipes run before a parameter's pipe
 * and must receive the value, because a `ValidationPipe` with `validateCustomDecorators` validates it, and a pipe that
 * copies its input would destroy a placeholder.
 *
 * If two applications in the process share the handler and the request does not name its application (other transports
 * than HTTP), the pipe evaluates the flag, after all other pipes.
 */
export function parameterDecoratorParts(flag: ParameterFlag, part: DetailsPart): ParameterDecoratorParts {
  const { type, key, defaultValue, domain } = flag;
  const applications = new ParameterApplications();

  @Injectable()
  class FlagParameterPipe implements PipeTransform, OnApplicationShutdown {
    private readonly application: ParameterApplication;

    // Optional, so that the error names the module to import instead of this dependency.
    constructor(@Optional() flags: RequestFlags, server: HttpAdapterHost) {
      this.application = { flags: expectModule(flags, `@FlagValue or @FlagDetails of "${key}"`), server };
      applications.add(this.application);
    }

    transform(value: unknown): unknown {
      return value instanceof PendingParameter ? value.resolve(this.application.flags) : value;
    }

    onApplicationShutdown(): void {
      applications.remove(this.application);
    }
  }

  const factory = (_: unknown, context: ExecutionContext): unknown => {
    const evaluate: EvaluateWith = async (flags) =>
      part(await flags.evaluate(context, type, key, defaultValue, { domain, parameter: flag }));
    const flags = applications.flagsFor(context);
    return flags === undefined ? new PendingParameter(evaluate) : evaluate(flags);
  };
  return { factory, pipe: FlagParameterPipe };
}

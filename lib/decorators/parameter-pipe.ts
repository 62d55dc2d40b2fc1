import {
  type ExecutionContext,
  Injectable,
  type OnApplicationShutdown,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { RequestFlags } from '../service';
import { type WantedFlag } from './flag-parameter';
import { type ParameterApplication, ParameterApplications } from './parameter-applications';

/** What a handler gets of a flag's answer. */
type Part = (details: EvaluationDetails<JsonValue>) => unknown;

/** Asks a flag for a request. */
type Ask = (flags: RequestFlags) => Promise<unknown>;

/** Stands in for a value where its application cannot be told yet. */
class PendingParameter {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  resolve(flags: RequestFlags): Promise<unknown> {
    return this.#ask(flags);
  }
}

/** One decorated parameter: the factory that Nest calls for each request, and the pipe that it injects into. */
export interface ParameterSource {
  /** Returns the promise of the value, so that pipes of the application's see a value and not a placeholder. */
  readonly factory: (data: unknown, context: ExecutionContext) => unknown;
  readonly pipe: Type<PipeTransform>;
}

/**
 * Makes the two halves of a parameter. A factory has the request and nothing injected; a pipe has what Nest injects, and
 * no request. So the pipe, which Nest makes once a module, tells the factory of its application, and the factory asks
 * the flag: the application's own pipes, which run before a parameter's, must find the value there. A `ValidationPipe`
 * with `validateCustomDecorators` checks it, and a pipe that copies would leave nothing of a placeholder.
 *
 * Where two applications in the process share the handler and the request does not name its own (beyond HTTP), the
 * pipe asks after all the others.
 */
export function parameterSource(wanted: WantedFlag, part: Part): ParameterSource {
  const { type, key, defaultValue, domain } = wanted;
  const applications = new ParameterApplications();

  @Injectable()
  class FlagParameterPipe implements PipeTransform, OnApplicationShutdown {
    private readonly application: ParameterApplication;

    constructor(flags: RequestFlags, server: HttpAdapterHost) {
      this.application = { flags, server };
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
    const ask: Ask = async (flags) =>
      part(await flags.evaluate(context, type, key, defaultValue, { domain, parameter: wanted }));
    const flags = applications.flagsFor(context);
    return flags === undefined ? new PendingParameter(ask) : ask(flags);
  };
  return { factory, pipe: FlagParameterPipe };
}

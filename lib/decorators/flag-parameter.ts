import { type ExecutionContext, Injectable, type PipeTransform } from '@nestjs/common';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { configurationError } from '../errors';
import { flagTypeOf } from '../options';
import { RequestFlags } from '../service';

/** Stands in for a parameter until its pipe has the answer: decorators cannot inject, pipes can. */
export class FlagParameter {
  readonly #key: string;
  readonly #defaultValue: JsonValue;
  readonly #context: ExecutionContext;

  constructor(key: string, defaultValue: JsonValue, context: ExecutionContext) {
    this.#key = key;
    this.#defaultValue = defaultValue;
    this.#context = context;
  }

  resolve(flags: RequestFlags): Promise<EvaluationDetails<JsonValue>> {
    const type = flagTypeOf(this.#defaultValue);
    return flags.evaluate(this.#context, type, this.#key, this.#defaultValue);
  }
}

/** The arguments of a parameter decorator, checked while the class is being defined. */
export function checkParameter(decorator: string, key: unknown, defaultValue: unknown): void {
  if (typeof key !== 'string' || key === '') throw configurationError(`@${decorator} needs a flag's key.`);
  if (defaultValue === undefined) {
    throw configurationError(
      `@${decorator}('${key}') needs a default value: it also says which type the flag has.`,
    );
  }
}

@Injectable()
export class FlagDetailsPipe implements PipeTransform<FlagParameter, Promise<EvaluationDetails<JsonValue>>> {
  constructor(private readonly flags: RequestFlags) {}

  transform(parameter: FlagParameter): Promise<EvaluationDetails<JsonValue>> {
    return parameter.resolve(this.flags);
  }
}

@Injectable()
export class FlagValuePipe implements PipeTransform<FlagParameter, Promise<JsonValue>> {
  constructor(private readonly flags: RequestFlags) {}

  async transform(parameter: FlagParameter): Promise<JsonValue> {
    return (await parameter.resolve(this.flags)).value;
  }
}

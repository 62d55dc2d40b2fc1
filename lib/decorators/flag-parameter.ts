import { type ExecutionContext, Injectable, type PipeTransform } from '@nestjs/common';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { configurationError, shown } from '../errors';
import { type FlagType, flagTypeOf, isText } from '../options';
import { RequestFlags } from '../service';

/** Whose flag a parameter is. */
export interface FlagParameterOptions {
  /**
   * The domain of the Flagship module, where the application has several.
   * @default the module without a domain
   */
  readonly domain?: string;
}

/** What a parameter decorator asks for, read once when the class is defined. */
export interface WantedFlag {
  readonly key: string;
  readonly type: FlagType;
  readonly defaultValue: JsonValue;
  readonly domain: string | undefined;
}

/** Stands in for a parameter until its pipe has the answer: decorators cannot inject, pipes can. */
export class FlagParameter {
  readonly #wanted: WantedFlag;
  readonly #context: ExecutionContext;

  constructor(wanted: WantedFlag, context: ExecutionContext) {
    this.#wanted = wanted;
    this.#context = context;
  }

  resolve(flags: RequestFlags): Promise<EvaluationDetails<JsonValue>> {
    const { type, key, defaultValue, domain } = this.#wanted;
    return flags.evaluate(this.#context, type, key, defaultValue, domain, this.#wanted);
  }
}

/** @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined. */
export function wantedFlag(
  decorator: string,
  key: unknown,
  defaultValue: unknown,
  { domain, ...unknown }: FlagParameterOptions,
): WantedFlag {
  if (typeof key !== 'string' || key === '') throw configurationError(`@${decorator} needs a flag's key.`);
  if (defaultValue === undefined) {
    throw configurationError(
      `@${decorator}('${key}') needs a default value: it also says which type the flag has.`,
    );
  }
  const [misspelt] = Object.keys(unknown);
  if (misspelt !== undefined) {
    throw configurationError(`@${decorator}('${key}') has no option "${misspelt}". Known: domain.`);
  }
  if (domain !== undefined && !isText(domain)) {
    throw configurationError(
      `@${decorator}('${key}') needs a module's domain as "domain", but was given ${shown(domain)}.`,
    );
  }
  const value = defaultValue as JsonValue;
  return { key, type: flagTypeOf(value), defaultValue: value, domain };
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

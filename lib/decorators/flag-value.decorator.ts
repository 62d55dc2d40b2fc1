import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { type JsonValue } from '@openfeature/server-sdk';
import { type FlagKeyFor } from '../options';
import { checkParameter, FlagDetailsPipe, FlagParameter, FlagValuePipe } from './flag-parameter';

function flagParameter(
  key: string,
  defaultValue: JsonValue | object,
  pipe: Type<PipeTransform>,
): ParameterDecorator {
  return createParamDecorator(
    (_: unknown, context: ExecutionContext) => new FlagParameter(key, defaultValue as JsonValue, context),
  )(undefined, pipe);
}

/**
 * Hands a handler the value of a flag, already awaited, for the user of the request.
 *
 * @param key The flag.
 * @param defaultValue What to hand over when there is no answer; its type is the flag's type.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, when there is no default.
 *
 * @example
 * @Get()
 * home(@FlagValue('home-page', 'classic') variant: string) {}
 */
export function FlagValue<T extends JsonValue | object>(
  key: FlagKeyFor<T>,
  defaultValue: T,
): ParameterDecorator {
  checkParameter('FlagValue', key, defaultValue);
  return flagParameter(key, defaultValue, FlagValuePipe);
}

/**
 * Hands a handler a flag's value with variant, reason and, where there is no answer, the error code.
 *
 * @param key The flag.
 * @param defaultValue What the value is when there is no answer; its type is the flag's type.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, when there is no default.
 *
 * @example
 * @Get()
 * home(@FlagDetails('home-page', 'classic') page: EvaluationDetails<string>) {}
 */
export function FlagDetails<T extends JsonValue | object>(
  key: FlagKeyFor<T>,
  defaultValue: T,
): ParameterDecorator {
  checkParameter('FlagDetails', key, defaultValue);
  return flagParameter(key, defaultValue, FlagDetailsPipe);
}

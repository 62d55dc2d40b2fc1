import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { type JsonValue } from '@openfeature/server-sdk';
import { type FlagKeyFor } from '../options';
import {
  FlagDetailsPipe,
  FlagParameter,
  type FlagParameterOptions,
  FlagValuePipe,
  wantedFlag,
} from './flag-parameter';
import { type FlagParameterUse, rememberParameter } from './flag-parameters.metadata';

function flagParameter(use: FlagParameterUse, pipe: Type<PipeTransform>): ParameterDecorator {
  const hand = createParamDecorator(
    (_: unknown, context: ExecutionContext) => new FlagParameter(use.wanted, context),
  )(undefined, pipe);
  return (target, method, index) => {
    rememberParameter(target, method, use);
    hand(target, method, index);
  };
}

/**
 * Hands a handler the value of a flag, already awaited, for the user of the request.
 *
 * @param key The flag.
 * @param defaultValue What to hand over when there is no answer; its type is the flag's type.
 * @param options The module's `domain`, where the application has several.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, when there is no default.
 *
 * @example
 * @Get()
 * home(@FlagValue('home-page', 'classic') variant: string) {}
 */
export function FlagValue<T extends JsonValue | object>(
  key: FlagKeyFor<T>,
  defaultValue: T,
  options: FlagParameterOptions = {},
): ParameterDecorator {
  const wanted = wantedFlag('FlagValue', key, defaultValue, options);
  return flagParameter({ decorator: '@FlagValue', wanted }, FlagValuePipe);
}

/**
 * Hands a handler a flag's value with variant, reason and, where there is no answer, the error code.
 *
 * @param key The flag.
 * @param defaultValue What the value is when there is no answer; its type is the flag's type.
 * @param options The module's `domain`, where the application has several.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, when there is no default.
 *
 * @example
 * @Get()
 * home(@FlagDetails('home-page', 'classic') page: EvaluationDetails<string>) {}
 */
export function FlagDetails<T extends JsonValue | object>(
  key: FlagKeyFor<T>,
  defaultValue: T,
  options: FlagParameterOptions = {},
): ParameterDecorator {
  const wanted = wantedFlag('FlagDetails', key, defaultValue, options);
  return flagParameter({ decorator: '@FlagDetails', wanted }, FlagDetailsPipe);
}

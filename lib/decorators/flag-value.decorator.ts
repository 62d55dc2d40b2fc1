import { createParamDecorator } from '@nestjs/common';
import { type JsonValue } from '@openfeature/server-sdk';
import { configurationError } from '../errors';
import { type FlagKeyFor } from '../options';
import { type FlagParameterOptions, wantedFlag } from './flag-parameter';
import { type FlagParameterUse, rememberParameter } from './flag-parameters.metadata';
import { parameterSource } from './parameter-pipe';

function flagParameter(
  use: FlagParameterUse,
  part: Parameters<typeof parameterSource>[1],
): ParameterDecorator {
  const { factory, pipe } = parameterSource(use.wanted, part);
  const hand = createParamDecorator(factory)(undefined, pipe);
  return (target, method, index) => {
    if (method === undefined) {
      const { decorator, wanted } = use;
      throw configurationError(`${decorator}('${wanted.key}') is for the parameters of handlers.`);
    }
    rememberParameter(target, method, use);
    hand(target, method, index);
  };
}

/**
 * Hands a handler the value of a flag, already awaited, for the user of the request. Pipes of the application's see the
 * value, as with any parameter decorator.
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
  return flagParameter({ decorator: '@FlagValue', wanted }, ({ value }) => value);
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
  return flagParameter({ decorator: '@FlagDetails', wanted }, (details) => details);
}

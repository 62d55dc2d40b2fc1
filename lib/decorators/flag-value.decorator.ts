import { createParamDecorator } from '@nestjs/common';
import { type JsonValue } from '@openfeature/server-sdk';
import { configurationError } from '../errors';
import { type FlagKeyFor } from '../options';
import {
  type FlagParameterOptions,
  type DecoratedParameter,
  resolveParameterFlag,
  storeFlagParameter,
} from './flag-parameter';
import { parameterDecoratorParts } from './parameter-pipe';

function createFlagParameterDecorator(
  use: DecoratedParameter,
  part: Parameters<typeof parameterDecoratorParts>[1],
): ParameterDecorator {
  const { factory, pipe } = parameterDecoratorParts(use.flag, part);
  const decorate = createParamDecorator(factory)(undefined, pipe);
  return (target, method, index) => {
    if (method === undefined) {
      const { decorator, flag } = use;
      throw configurationError(`${decorator}('${flag.key}') is for the parameters of handlers.`);
    }
    storeFlagParameter(target, method, use);
    decorate(target, method, index);
  };
}

/**
 * Injects the value of a flag, evaluated for the user of the request, into a handler's parameter. The value is awaited,
 * and the application's pipes receive it as with any parameter decorator.
 *
 * @param key The flag.
 * @param defaultValue The value if the evaluation fails; its type is the flag's type.
 * @param options The `domain` of the module, for an application with several.
 * @returns A parameter decorator for handlers.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, if an argument is not accepted or there
 * is no default.
 *
 * @example
 * @Get()
 * home(@FlagValue('home-page', 'classic') variant: string) {}
 */
export function FlagValue<T extends JsonValue | object, Domain extends string = string>(
  key: FlagKeyFor<T, Domain>,
  defaultValue: T,
  options: FlagParameterOptions & { readonly domain?: Domain | undefined } = {},
): ParameterDecorator {
  const flag = resolveParameterFlag('FlagValue', key, defaultValue, options);
  return createFlagParameterDecorator({ decorator: '@FlagValue', flag }, ({ value }) => value);
}

/**
 * Injects the evaluation details of a flag into a handler's parameter: value, variant, reason and metadata; if the
 * evaluation failed, also the error code and message.
 *
 * @param key The flag.
 * @param defaultValue The value if the evaluation fails; its type is the flag's type.
 * @param options The `domain` of the module, for an application with several.
 * @returns A parameter decorator for handlers.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, if an argument is not accepted or there
 * is no default.
 *
 * @example
 * @Get()
 * home(@FlagDetails('home-page', 'classic') page: EvaluationDetails<string>) {}
 */
export function FlagDetails<T extends JsonValue | object, Domain extends string = string>(
  key: FlagKeyFor<T, Domain>,
  defaultValue: T,
  options: FlagParameterOptions & { readonly domain?: Domain | undefined } = {},
): ParameterDecorator {
  const flag = resolveParameterFlag('FlagDetails', key, defaultValue, options);
  return createFlagParameterDecorator({ decorator: '@FlagDetails', flag }, (details) => details);
}

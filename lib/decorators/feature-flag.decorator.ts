import { UseGuards } from '@nestjs/common';
import { configurationError } from '../errors';
import {
  addRequirement,
  FEATURE_FLAG_METADATA,
  FeatureFlagGuard,
  type FeatureFlagOptions,
  RequirementGuard,
  flagRequirement,
} from '../guards';
import { type FlagKeyFor, type FlagValueLike, type JsonValue } from '../options';

/** Derives the flag's type and domain from the options, so that other keys and defaults are compile errors. */
interface TypedBy<T, Domain> {
  readonly equals?: T | readonly T[] | undefined;
  readonly defaultValue?: FlagValueLike<T> | undefined;
  readonly domain?: Domain | undefined;
}

/**
 * Hides a handler, or every handler of a controller, unless the flags are on. If controller and handler are decorated,
 * or one of them several times, all requirements must be met. Each decorator is checked at its position among the
 * guards, as `@UseGuards` would be: the controller's before the handler's, a base class's before its subclass's, a lower
 * decorator before an upper one.
 *
 * `FeatureFlag.KEY` is the metadata key for Nest's `Reflector`; see also `flagRequirementsOf`.
 *
 * @param keys The flag, or a list of flags: all must be on, or one of them with `match: 'any'`.
 * @param options The values that let a request pass, exemptions, and the response to a refused request.
 * @returns A decorator for classes and methods.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, if a key or an option is not accepted,
 * or if a property is decorated.
 *
 * @example
 * @FeatureFlag('new-checkout')
 * @Post('checkout/v2')
 * checkout() {}
 *
 * @example
 * @FeatureFlag('plan', { equals: ['pro', 'team'], otherwise: ForbiddenException })
 * @Controller('reports')
 * class ReportsController {}
 */
export function FeatureFlag<T extends JsonValue = boolean, Domain extends string = string>(
  keys: FlagKeyFor<T, Domain> | readonly FlagKeyFor<T, Domain>[],
  options: FeatureFlagOptions & TypedBy<T, Domain> = {},
): ClassDecorator & MethodDecorator {
  const requirement = flagRequirement(keys, options);
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor) => {
    const guarded: unknown = property === undefined ? target : descriptor?.value;
    if (typeof guarded !== 'function') {
      throw configurationError(
        `@FeatureFlag is for classes and methods, but "${String(property)}" is a property. It would not be guarded.`,
      );
    }
    addRequirement(requirement, guarded);
    const guards = UseGuards(new RequirementGuard(requirement), FeatureFlagGuard);
    if (property === undefined) (guards as ClassDecorator)(guarded as never);
    else guards(target, property, descriptor as PropertyDescriptor);
  };
}

/** The metadata key of the requirements: `reflector.get<readonly FlagRequirement[]>(FeatureFlag.KEY, handler)`. */
FeatureFlag.KEY = FEATURE_FLAG_METADATA;

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

/** `equals` says of which type the flag is; keys and default have to fit. */
interface TypedBy<T> {
  readonly equals?: T | readonly T[];
  readonly defaultValue?: FlagValueLike<T>;
}

/**
 * Hides a handler, or every handler of a controller, unless the flags are on. Where both carry the decorator, or one
 * carries several, all must pass. Each judges at its place among the guards, as `@UseGuards` would have it: the
 * controller's before the handler's, a base class's before its subclass's, a lower decorator's before an upper one's.
 *
 * `FeatureFlag.KEY` is the metadata key for Nest's `Reflector`; see also `flagRequirementsOf`.
 *
 * @param keys The flag, or the flags: all must be on, or with `match: 'any'` one of them.
 * @param options What counts as on, who passes unasked, and what a refused request gets.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, when the arguments make no sense.
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
export function FeatureFlag<T extends JsonValue = boolean>(
  keys: FlagKeyFor<T> | readonly FlagKeyFor<T>[],
  options: FeatureFlagOptions & TypedBy<T> = {},
): ClassDecorator & MethodDecorator {
  const requirement = flagRequirement(keys, options);
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor) => {
    const carrier: unknown = property === undefined ? target : descriptor?.value;
    if (typeof carrier !== 'function') {
      throw configurationError(
        `@FeatureFlag is for classes and methods, but "${String(property)}" is a property. It would not be guarded.`,
      );
    }
    addRequirement(requirement, carrier);
    const guards = UseGuards(new RequirementGuard(requirement), FeatureFlagGuard);
    if (property === undefined) (guards as ClassDecorator)(carrier as never);
    else guards(target, property, descriptor as PropertyDescriptor);
  };
}

/** Where `Reflector` finds the requirements: `reflector.get<readonly FlagRequirement[]>(FeatureFlag.KEY, handler)`. */
FeatureFlag.KEY = FEATURE_FLAG_METADATA;

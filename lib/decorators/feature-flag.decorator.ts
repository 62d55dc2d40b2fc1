import { UseGuards } from '@nestjs/common';
import {
  FEATURE_FLAG_METADATA,
  FeatureFlagGuard,
  type FeatureFlagOptions,
  flagRequirement,
  type FlagRequirement,
} from '../guards';
import { type FlagKeyFor, type FlagValueLike, type JsonValue } from '../options';

/** `equals` says of which type the flag is; keys and default have to fit. */
interface TypedBy<T> {
  readonly equals?: T | readonly T[];
  readonly defaultValue?: FlagValueLike<T>;
}

/**
 * Hides a handler, or every handler of a controller, unless the flags are on. Where both carry the decorator, or one
 * carries several, all must pass.
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
    const carrier = (descriptor?.value ?? target) as object;
    const before = Reflect.getMetadata(FEATURE_FLAG_METADATA, carrier) as
      readonly FlagRequirement[] | undefined;
    Reflect.defineMetadata(FEATURE_FLAG_METADATA, [...(before ?? []), requirement], carrier);
    if (before !== undefined) return;
    // The first of several brings the guard.
    const guard = UseGuards(FeatureFlagGuard);
    if (descriptor === undefined) (guard as ClassDecorator)(target as never);
    else guard(target, property as string, descriptor);
  };
}

/** Where `Reflector` finds the requirements: `reflector.get<readonly FlagRequirement[]>(FeatureFlag.KEY, handler)`. */
FeatureFlag.KEY = FEATURE_FLAG_METADATA;

import { messageOf } from '../errors';
import { FlagshipLogger, withoutCredentials } from '../logging';
import { callSafely } from '../runtime';
import { type RequestFlags } from '../service';
import { type FlagRequirement } from './flag-requirement';

const logger = new FlagshipLogger('FeatureFlagGuard');

/**
 * The options reported so far, by requirement and application. Not a property of the guard, because Nest creates a guard
 * per module.
 */
const reported = new WeakMap<FlagRequirement, WeakMap<RequestFlags, Set<string>>>();

/** Logs that an option of `@FeatureFlag` has failed, once per application, because it may fail with every request. */
export function reportOnce(
  application: RequestFlags,
  requirement: FlagRequirement,
  option: 'bypass' | 'otherwise',
  consequence: string,
  cause: unknown,
): void {
  const byApplication = reported.get(requirement) ?? new WeakMap<RequestFlags, Set<string>>();
  const options = byApplication.get(application) ?? new Set<string>();
  reported.set(requirement, byApplication.set(application, options));
  if (options.has(option)) return;
  options.add(option);
  const keys = requirement.keys.join("', '");
  callSafely(() => {
    logger.warn(
      `The "${option}" of @FeatureFlag('${keys}') ${consequence} ${withoutCredentials(messageOf(cause))}`,
    );
  });
}

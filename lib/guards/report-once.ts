import { messageOf } from '../errors';
import { FlagshipLogger, withoutCredentials } from '../logging';
import { callSafely } from '../runtime';
import { type RequestFlags } from '../service';
import { type FlagRequirement } from './flag-requirement';

const logger = new FlagshipLogger('FeatureFlagGuard');

/** The options that have failed, by requirement and application: a guard has an instance in each module. */
const reported = new WeakMap<FlagRequirement, WeakMap<RequestFlags, Set<string>>>();

/** Warns of an option of `@FeatureFlag` that has failed, once an application: it would fail with every request. */
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

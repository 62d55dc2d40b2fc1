export { FEATURE_FLAG_METADATA } from './feature-flag.constants';
export { FeatureFlagGuard } from './feature-flag.guard';
export { type FeatureFlagOptions, type Refusal } from './feature-flag.options';
export { type FlagRedirect, FlagRedirectException } from './flag-redirect';
export { flagRequirement, type FlagRequirement, flagRequirementsOf } from './flag-requirement';

export { FEATURE_FLAG_METADATA } from './feature-flag.constants';
export { FeatureFlagGuard } from './feature-flag.guard';
export { type FeatureFlagOptions, type Refusal } from './feature-flag.options';
export { flagRequirement, type FlagRequirement } from './flag-requirement';

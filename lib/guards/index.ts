export { FEATURE_FLAG_METADATA } from './feature-flag.metadata';
export { FeatureFlagGuard } from './feature-flag.guard';
export { type FeatureFlagOptions } from './feature-flag.options';
export { FlagGate } from './flag-gate';
export { type FlagRedirect, FlagRedirectException } from './flag-redirect';
export {
  addRequirement,
  flagRequirement,
  type FlagRequirement,
  flagRequirementsOf,
} from './flag-requirement';
export { type Refusal } from './refusal';

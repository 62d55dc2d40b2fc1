export { FeatureFlagGuard } from './feature-flag.guard';
export { type FeatureFlagOptions } from './feature-flag.options';
export { RequirementGuard } from './requirement.guard';
export { type FlagRedirect, FlagRedirectException } from './flag-redirect';
export {
  addRequirement,
  FEATURE_FLAG_METADATA,
  flagRequirement,
  type FlagRequirement,
  flagRequirementsOf,
} from './flag-requirement';
export { type Refusal } from './refusal';

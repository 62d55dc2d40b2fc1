export { FeatureFlag } from './feature-flag.decorator';
export { FlagDetails, FlagValue } from './flag-value.decorator';

export { FeatureFlag } from './feature-flag.decorator';
export { FlagDetails, FlagValue } from './flag-value.decorator';
export { type JobContextFactory, WithFlagContext } from './with-flag-context.decorator';

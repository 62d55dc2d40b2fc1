export { FeatureFlag } from './feature-flag.decorator';
export {
  type FlagParameterOptions,
  type FlagParameterUse,
  inheritedFlagParameters,
  ownFlagParameters,
} from './flag-parameter';
export { FlagDetails, FlagValue } from './flag-value.decorator';
export { InjectFlags } from './inject-flags.decorator';
export { type JobContextFactory, WithFlagContext } from './with-flag-context.decorator';

export { FeatureFlag } from './feature-flag.decorator';
export {
  type FlagParameterOptions,
  type DecoratedParameter,
  inheritedFlagParameters,
  ownFlagParameters,
} from './flag-parameter';
export { FlagDetails, FlagValue } from './flag-value.decorator';
export { InjectFlags } from './inject-flags.decorator';
export {
  type JobContextFactory,
  WithFlagContext,
  type WithFlagContextOptions,
} from './with-flag-context.decorator';

export { FlagshipContextInterceptor, FlagshipContextMiddleware } from './context';
export {
  FeatureFlag,
  FlagDetails,
  type FlagParameterOptions,
  FlagValue,
  InjectFlags,
  type JobContextFactory,
  WithFlagContext,
  type WithFlagContextOptions,
} from './decorators';
export { FlagshipError, FlagshipErrorCode } from './errors';
export { FlagshipModule } from './flagship.module';
export {
  FeatureFlagGuard,
  type FeatureFlagOptions,
  type FlagRedirect,
  FlagRedirectException,
  type FlagRequirement,
  flagRequirementsOf,
  type Refusal,
} from './guards';
export {
  LoggingHook,
  type LoggingHookLogger,
  type LoggingHookOptions,
  type TelemetryEvent,
  TelemetryHook,
} from './hooks';
export {
  type AsyncModuleOptions,
  type AttributeCondition,
  type Condition,
  type ConditionOperator,
  type BindingDetails,
  type CacheStore,
  type CircuitBreakerOptions,
  type ContextFactory,
  type ContextTransport,
  type Definitions,
  type DomainFlagTypes,
  type FlagDefinition,
  type FlagDomain,
  type FlagKey,
  type FlagKeyFor,
  type FlagList,
  type FlagMetadata,
  type FlagsInput,
  type FlagType,
  type FlagTypes,
  type FlagshipBinding,
  type FlagshipModuleAsyncOptions,
  type FlagshipModuleExtras,
  type FlagshipModuleOptions,
  type FlagshipModuleSettings,
  type FlagshipOptionsFactory,
  type FlagshipProviderOptions,
  type HeadersInput,
  type JsonValue,
  type LogicalCondition,
  type Propagation,
  type ProviderEventHandler,
  type RequestContextOptions,
  type Rollout,
  type Rule,
} from './options';
export { FlagshipServerProvider, type FlagshipStats } from './provider';
export {
  FlagService,
  type FlagUsage,
  type FlagUse,
  getFlagsToken,
  type ObjectDetails,
  type RequestEvaluationOptions,
  RequestFlags,
} from './service';
export { type CircuitStats, type DefinitionsStats } from './sources';
export { type LatencySummary, type UpstreamOutcomes, type UpstreamStats } from './http';
export type { EvaluationContext, EvaluationDetails } from '@openfeature/server-sdk';

export {
  checkOptions,
  type CheckTable,
  booleanOption,
  functionOption,
  isText,
  listOption,
  milliseconds,
  objectOption,
  oneOf,
  nameOption,
  reading,
  textOption,
  tokenOption,
} from './checks';
export { type ContextFactory } from './context-factory';
export { defaultDeadline, MAX_RETRY_DELAY_MS, MODULE_DEFAULTS } from './defaults';
export {
  type AnyFlagKey,
  type BooleanFlagKey,
  type DomainFlagTypes,
  type FlagDomain,
  type FlagKey,
  type FlagKeyFor,
  type FlagTypes,
  type FlagValueFor,
  type FlagValueLike,
  type NumberFlagKey,
  type ObjectFlagKey,
  type StringFlagKey,
} from './flag-keys';
export { type FlagType, flagTypeOf } from './flag-type';
export {
  type AsyncModuleOptions,
  type FlagshipModuleAsyncOptions,
  type FlagshipModuleExtras,
  type FlagshipModuleOptions,
  type FlagshipModuleSettings,
  type FlagshipOptionsFactory,
  type Propagation,
  type ProviderEventHandler,
  type RequestContextOptions,
} from './module-options';
export {
  type BindingDetails,
  type CacheStore,
  type CircuitBreakerOptions,
  type ContextTransport,
  type FlagshipBinding,
  type FlagshipProviderOptions,
  type HeadersInput,
} from './provider-options';
export { type HeaderMap, isHeaderName, readHeaders } from './resolve-headers';
export {
  providerOptionNames,
  type ResolvedProviderOptions,
  resolveProviderOptions,
} from './resolve-provider-options';
export {
  type HeaderAttribute,
  type ResolvedModuleOptions,
  resolveModuleOptions,
} from './resolve-module-options';
export { type ResolvedCache } from './resolve-cache';
export {
  globalFetch,
  type ResolvedCircuitBreaker,
  type ResolvedHttpOptions,
  type SignalLike,
} from './resolve-http';
export { type ResolvedProxy } from './resolve-proxy';
export { type ResolvedSource } from './resolve-source';
export {
  type AttributeCondition,
  type Condition,
  type ConditionOperator,
  type Definitions,
  type FlagDefinition,
  type FlagList,
  type FlagMetadata,
  type FlagsInput,
  type JsonValue,
  type LogicalCondition,
  type Rollout,
  type Rule,
} from '../types';

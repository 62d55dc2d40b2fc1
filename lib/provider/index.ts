export { type FlagshipStats } from './flagship-stats';
export { FlagshipServerProvider } from './flagship-server-provider';
export { registerProvider, type RegisteredProvider, CLOSE_LIMIT_MS, START_LIMIT_MS } from './bind-provider';
export { DomainEventEmitter } from './own-events';
export { hasExactDefaults, markExactDefaults } from './precise-providers';
export { resolvedDetails, NO_METADATA, type EvaluationRequest, errorDetails } from './resolution-details';

export { type FlagshipStats } from './flagship-stats';
export { FlagshipServerProvider } from './flagship-server-provider';
export { registerProvider, type RegisteredProvider, START_LIMIT_MS } from './register-provider';
export { DomainEventEmitter } from './domain-event-emitter';
export { reportsDefaults, markReportsDefaults } from './reports-defaults';
export { toResolutionDetails, NO_METADATA, type EvaluationInput, errorDetails } from './resolution-details';

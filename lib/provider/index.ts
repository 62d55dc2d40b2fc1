export { type FlagshipStats } from './flagship-stats';
export { FlagshipServerProvider } from './flagship-server-provider';
export {
  registerProvider,
  type RegisteredProvider,
  CLOSE_LIMIT_MS,
  START_LIMIT_MS,
} from './register-provider';
export { DomainEventEmitter } from './domain-event-emitter';
export { hasExactDefaults, markExactDefaults } from './exact-defaults';
export { resolvedDetails, NO_METADATA, type EvaluationRequest, errorDetails } from './resolution-details';

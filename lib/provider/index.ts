export { type FlagshipStats } from './flagship-stats';
export { FlagshipServerProvider } from './flagship-server-provider';
export { bindProvider, type BoundProvider, CLOSE_LIMIT_MS, START_LIMIT_MS } from './bind-provider';
export { OwnEvents } from './own-events';
export { isPrecise, markPrecise } from './precise-providers';
export { answered, NO_METADATA, type Question, unanswered } from './resolution-details';

export { type FlagshipStats } from './flagship-stats';
export { FlagshipServerProvider } from './flagship-server-provider';
export { bindProvider, type BoundProvider } from './bind-provider';
export { NO_METADATA } from './resolution-details';

export { type FlagType, flagTypeOf } from './flag-types';
export { FlagshipServerProvider } from './flagship-server-provider';
export { bindProvider, type BoundProvider } from './bind-provider';

export { FlagshipHealthIndicator } from './flagship-health.indicator';
export { type FlagshipCondition, type FlagshipHealth, type UpstreamHealth } from './flagship-health';
export { type FlagshipHealthOptions, type FlagshipHealthResult } from './health-options';

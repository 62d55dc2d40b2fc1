export { isDefaultApplied } from './evaluation-details';
export { FlagEvaluator } from './flag-evaluator';
export { type FlagUsage, type FlagUse } from './flag-usage';
export { contextTimeoutOf, FlagService, type ObjectDetails } from './flag.service';
export { getFlagsToken } from './flags-token';
export { layeredContext } from './layered-context';
export { type RegisteredFlags, RequestFlags } from './request-flags';
export { scopedClient } from './scoped-client';

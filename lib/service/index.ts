export { isDefaultApplied } from './evaluation-details';
export { FlagEvaluator } from './flag-evaluator';
export { type FlagUsage, type FlagUse } from './flag-usage';
export { contextTimeoutOf, FlagService, type ObjectDetails } from './flag.service';
export { getFlagsToken } from './flags-token';
export { overridableClientContext } from './overridable-client-context';
export { type RegisteredFlags, type RequestEvaluationOptions, RequestFlags } from './request-flags';
export { scopedClient } from './scoped-client';

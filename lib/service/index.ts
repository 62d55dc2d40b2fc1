export { isDefaultApplied } from './evaluation-details';
export { FlagEvaluator } from './flag-evaluator';
export { FlagService, type ObjectDetails } from './flag.service';
export { layeredContext } from './layered-context';
export { RequestFlags } from './request-flags';

export { Answer, type ContextParts } from './answer-book';
export { RESOLVED_OPTIONS } from './context.constants';
export { EvaluationScope } from './evaluation-scope';
export { FlagshipContextInterceptor } from './flagship-context.interceptor';
export { FlagshipContextMiddleware } from './flagship-context.middleware';
export { Propagation, propagationProviders } from './propagation';
export { RequestContextBuilder } from './request-context-builder';
export { RequestScopes } from './request-scopes';
export { currentScope, ensurePropagation, runInScope } from './scope-storage';

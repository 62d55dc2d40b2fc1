export { Answer, type ContextParts } from './answer-book';
export { ApplicationScopes } from './application-scopes';
export { RESOLVED_OPTIONS } from './context.constants';
export { EvaluationScope, type ScopeOwner } from './evaluation-scope';
export { FlagshipContextInterceptor, PropagatingInterceptor } from './flagship-context.interceptor';
export { RequestContextBuilder } from './request-context-builder';
export { RequestScopes } from './request-scopes';
export { currentScope, ensurePropagation, runAsOwner, runInScope, transactionFor } from './scope-storage';

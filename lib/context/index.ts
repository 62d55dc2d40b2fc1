export {
  MemoEntry,
  type DefaultApplied,
  isSameValue,
  type EvaluationMemo,
  type ContextMemo,
  type ContextParts,
  contextErrorOf,
  invalidContext,
  ApplicationScopes,
  EvaluationScope,
  type ScopeModule,
  bindToScope,
  scopedIterable,
  RequestScopes,
  currentScope,
  runForModule,
  runInScope,
  transactionContextFor,
} from './scope';
export { RESOLVED_OPTIONS } from './context.tokens';
export {
  FlagshipContextInterceptor,
  FlagshipContextMiddleware,
  ensurePropagation,
  PropagationSetup,
  propagationProviders,
} from './propagation';
export { RequestContextBuilder } from './request';

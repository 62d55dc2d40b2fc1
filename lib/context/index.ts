export {
  MemoEntry,
  type DefaultApplied,
  isSame,
  type EvaluationMemo,
  type ContextMemo,
  type ContextParts,
  refusalOf,
  refusedContext,
  ApplicationScopes,
  EvaluationScope,
  type ScopeModule,
  keepScope,
  scopedIterable,
  RequestScopes,
  currentScope,
  runForModule,
  runInScope,
  transactionFor,
} from './scope';
export { RESOLVED_OPTIONS } from './context.tokens';
export {
  FlagshipContextInterceptor,
  FlagshipContextMiddleware,
  ensurePropagation,
  Propagation,
  propagationProviders,
} from './propagation';
export { RequestContextBuilder } from './request';

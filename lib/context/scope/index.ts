export { ApplicationScopes, type Scopes } from './application-scopes';
export { type ContextMemo, type ContextParts, type EvaluationMemo } from './evaluation-memo';
export { EvaluationScope, type ScopeModule } from './evaluation-scope';
export { isAsyncIterable, keepScope, scopedIterable } from './lazy-work';
export { type DefaultApplied, MemoEntry, isSame } from './memo-entry';
export { refusalOf, refusedContext } from './refused-context';
export { RequestScopes } from './request-scopes';
export {
  currentScope,
  isCurrent,
  runForModule,
  runInScope,
  scopePropagator,
  transactionFor,
} from './scope-storage';

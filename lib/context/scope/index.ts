export { ApplicationScopes, type Scopes } from './application-scopes';
export { type ContextMemo, type ContextParts, type EvaluationMemo } from './evaluation-memo';
export { EvaluationScope, type ScopeModule } from './evaluation-scope';
export { isAsyncIterable, bindToScope, scopedIterable } from './lazy-work';
export { type DefaultApplied, MemoEntry, isSameValue } from './memo-entry';
export { contextErrorOf, invalidContext } from './invalid-context';
export { RequestScopes } from './request-scopes';
export {
  currentScope,
  isCurrent,
  runForModule,
  runInScope,
  scopePropagator,
  transactionContextFor,
} from './scope-storage';

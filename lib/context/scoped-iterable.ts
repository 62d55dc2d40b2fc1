import { type Scopes } from './application-scopes';
import { runInScope } from './scope-storage';

type Source = AsyncIterable<unknown>;

/** What the handler of a GraphQL subscription returns. */
export function isAsyncIterable(value: unknown): value is Source {
  return typeof (value as Partial<Source> | null | undefined)?.[Symbol.asyncIterator] === 'function';
}

/**
 * Makes each turn of a handler's iterator run in the scope of its request: it is asked for the next value by code that
 * runs outside of it.
 */
export function scopedIterable(source: Source, scopes: Scopes): AsyncIterableIterator<unknown> {
  let iterator: AsyncIterator<unknown> | undefined;
  const within = <T>(turn: (iterator: AsyncIterator<unknown>) => T): T =>
    runInScope(scopes, () => turn((iterator ??= source[Symbol.asyncIterator]())));
  const scoped: AsyncIterableIterator<unknown> = {
    next: () => within((inner) => inner.next()),
    return: (value: unknown) =>
      within((inner) => inner.return?.(value) ?? Promise.resolve({ done: true, value })),
    throw: (error: unknown) =>
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it came
      within((inner) => inner.throw?.(error) ?? Promise.reject(error)),
    [Symbol.asyncIterator]: () => scoped,
  };
  return scoped;
}

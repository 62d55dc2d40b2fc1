import { StreamableFile } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import { type Scopes } from './application-scopes';
import { runInScope } from './scope-storage';
import { isUnread, isPlainReadable, scopedStream } from './scoped-stream';

type IteratorMethods = Pick<Generator<unknown, unknown>, 'next' | 'return' | 'throw'>;
type AsyncIteratorMethods = Pick<AsyncIterator<unknown>, 'next' | 'return' | 'throw'>;

/** The prototypes of generators and async generators, and those of all iterators above them. */
const { prototype: GENERATOR } = Object.getPrototypeOf(function* () {
  // Never run.
}) as { prototype: object };
const { prototype: ASYNC_GENERATOR } = Object.getPrototypeOf(async function* () {
  // Never run.
}) as { prototype: object };
const ITERATOR = Object.getPrototypeOf(GENERATOR) as object;
const ASYNC_ITERATOR = Object.getPrototypeOf(ASYNC_GENERATOR) as object;

const isPrototypeOf = (prototype: object, value: object): boolean =>
  Object.prototype.isPrototypeOf.call(prototype, value);

/**
 * Binds deferred work to a scope. The code of generators, observables, streams and streamed files runs when a consumer
 * reads them, which is after the function that returned them and outside of its scope; the returned value runs it
 * within the scope. All other values, and streams of a subclass, are returned as they are; no object is modified.
 */
export function bindToScope<T>(value: T, scopes: Scopes): T {
  if (typeof value !== 'object' || value === null) return value;
  // Most values are plain objects or arrays; the checks for the others cost ten times as much.
  if (Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)) return value;
  return bindObject(value, scopes) as T;
}

function bindObject(value: object, scopes: Scopes): unknown {
  if (value instanceof Promise && isPlainPromise(value))
    return value.then((resolved: unknown) => bindToScope(resolved, scopes));
  if (isPrototypeOf(ASYNC_GENERATOR, value)) return scopedIterable(value as AsyncGenerator, scopes);
  if (isPrototypeOf(GENERATOR, value)) return scopedIterator(value as Generator, scopes);
  if (isObservable(value)) return isColdObservable(value) ? scopedObservable(value, scopes) : value;
  if (value instanceof StreamableFile) return scopedFile(value, scopes);
  return isPlainReadable(value) && isUnread(value) ? scopedStream(value, scopes) : value;
}

/**
 * Whether a promise has neither a subclass nor properties of its own. Others (with a `cancel` method, or the streams of
 * a child process) must be returned as they are, because `then` returns a promise without these.
 */
function isPlainPromise(value: object): boolean {
  return Object.getPrototypeOf(value) === Promise.prototype && Object.keys(value).length === 0;
}

/** Whether an observable can only be subscribed to; subjects and connectable observables have methods to preserve. */
function isColdObservable(value: object): boolean {
  return !('next' in value || 'connect' in value);
}

/** Returns an observable whose subscription, and with it the work of a cold observable, runs in a scope. */
export function scopedObservable<T>(source: Observable<T>, scopes: Scopes): Observable<T> {
  return new Observable((subscriber) => runInScope(scopes, () => source.subscribe(subscriber)));
}

function scopedIterator(source: Generator<unknown, unknown>, scopes: Scopes): Iterator<unknown> {
  const methods: IteratorMethods = {
    next: (...args) => runInScope(scopes, () => source.next(...args)),
    return: (value) => runInScope(scopes, () => source.return(value)),
    throw: (error) => runInScope(scopes, () => source.throw(error)),
  };
  return Object.assign(Object.create(ITERATOR) as object, methods);
}

/** Returns an iterable each of whose steps runs in a scope, although its consumer requests them outside of it. */
export function scopedIterable(
  source: AsyncIterable<unknown>,
  scopes: Scopes,
): AsyncIterableIterator<unknown> {
  let iterator: AsyncIterator<unknown> | undefined;
  const within = <T>(step: (iterator: AsyncIterator<unknown>) => T): T =>
    runInScope(scopes, () => step((iterator ??= source[Symbol.asyncIterator]())));
  const methods: AsyncIteratorMethods = {
    next: (...args) => within((inner) => inner.next(...args)),
    return: (value: unknown) =>
      within((inner) => inner.return?.(value) ?? Promise.resolve({ done: true, value })),
    throw: (error: unknown) =>
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passes the consumer's error through
      within((inner) => inner.throw?.(error) ?? Promise.reject(error)),
  };
  return Object.assign(Object.create(ASYNC_ITERATOR) as AsyncIterableIterator<unknown>, methods);
}

/** Returns a file of the same content whose stream is read in a scope; a file of a subclass is returned as it is. */
function scopedFile(file: StreamableFile, scopes: Scopes): StreamableFile {
  const stream: unknown = file.getStream();
  const isPlain = Object.getPrototypeOf(file) === StreamableFile.prototype;
  if (!isPlain || !isUnread(stream)) return file;
  const copy = new StreamableFile(scopedStream(stream, scopes), file.options);
  copy.setErrorHandler(file.errorHandler);
  // The first versions of Nest 10 have no setErrorLogger.
  (copy as Partial<StreamableFile>).setErrorLogger?.(file.errorLogger);
  return copy;
}

/** Whether the value is an async iterable, as the handler of a GraphQL subscription returns. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] ===
    'function'
  );
}

import { StreamableFile } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import { type Scopes } from './application-scopes';
import { runInScope } from './scope-storage';
import { canBeRead, isPlainStream, scopedStream } from './scoped-stream';

type Turns = Pick<Generator<unknown, unknown>, 'next' | 'return' | 'throw'>;
type AsyncTurns = Pick<AsyncIterator<unknown>, 'next' | 'return' | 'throw'>;

/** The prototypes of what `function*` and `async function*` return, and of all iterators. */
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
 * Makes work that begins only later, by code that runs elsewhere, go on in the scope of the code that has returned it:
 * generators, observables, streams and files that are streamed. Everything else, and streams of classes of their own, is
 * returned as it is; nothing of the application's is changed.
 */
export function keepScope<T>(value: T, scopes: Scopes): T {
  if (typeof value !== 'object' || value === null) return value;
  // As a rule; the rest costs ten times as much.
  if (Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)) return value;
  return scoped(value, scopes) as T;
}

function scoped(value: object, scopes: Scopes): unknown {
  if (value instanceof Promise && isPlainPromise(value))
    return value.then((made: unknown) => keepScope(made, scopes));
  if (isPrototypeOf(ASYNC_GENERATOR, value)) return scopedIterable(value as AsyncGenerator, scopes);
  if (isPrototypeOf(GENERATOR, value)) return scopedIterator(value as Generator, scopes);
  if (isObservable(value)) return isSource(value) ? scopedObservable(value, scopes) : value;
  if (value instanceof StreamableFile) return scopedFile(value, scopes);
  return isPlainStream(value) && canBeRead(value) ? scopedStream(value, scopes) : value;
}

/**
 * Whether a promise is no more than that. One with methods or properties of its own (`cancel`, the streams of a child
 * process) is the caller's to have as it is: `then` would give a promise without them.
 */
function isPlainPromise(value: object): boolean {
  return Object.getPrototypeOf(value) === Promise.prototype && Object.keys(value).length === 0;
}

/** Whether an observable only can be subscribed to; subjects and the like have methods that their users want. */
function isSource(value: object): boolean {
  return !('next' in value || 'connect' in value);
}

/** Makes a subscription, and with it the work of a cold observable, run in a scope. */
export function scopedObservable<T>(source: Observable<T>, scopes: Scopes): Observable<T> {
  return new Observable((subscriber) => runInScope(scopes, () => source.subscribe(subscriber)));
}

function scopedIterator(source: Generator<unknown, unknown>, scopes: Scopes): Iterator<unknown> {
  const turns: Turns = {
    next: (...args) => runInScope(scopes, () => source.next(...args)),
    return: (value) => runInScope(scopes, () => source.return(value)),
    throw: (error) => runInScope(scopes, () => source.throw(error)),
  };
  return Object.assign(Object.create(ITERATOR) as object, turns);
}

/** Makes each turn of an iterator run in a scope: code that runs outside of it asks for the next value. */
export function scopedIterable(
  source: AsyncIterable<unknown>,
  scopes: Scopes,
): AsyncIterableIterator<unknown> {
  let iterator: AsyncIterator<unknown> | undefined;
  const within = <T>(turn: (iterator: AsyncIterator<unknown>) => T): T =>
    runInScope(scopes, () => turn((iterator ??= source[Symbol.asyncIterator]())));
  const turns: AsyncTurns = {
    next: (...args) => within((inner) => inner.next(...args)),
    return: (value: unknown) =>
      within((inner) => inner.return?.(value) ?? Promise.resolve({ done: true, value })),
    throw: (error: unknown) =>
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it came
      within((inner) => inner.throw?.(error) ?? Promise.reject(error)),
  };
  return Object.assign(Object.create(ASYNC_ITERATOR) as AsyncIterableIterator<unknown>, turns);
}

/** Makes a file of the same content that is read in a scope; one of a class of its own is the application's to read. */
function scopedFile(file: StreamableFile, scopes: Scopes): StreamableFile {
  const stream: unknown = file.getStream();
  const isPlain = Object.getPrototypeOf(file) === StreamableFile.prototype;
  if (!isPlain || !canBeRead(stream)) return file;
  const copy = new StreamableFile(scopedStream(stream, scopes), file.options);
  copy.setErrorHandler(file.errorHandler);
  // The first versions of Nest 10 have no logger of their own here.
  (copy as Partial<StreamableFile>).setErrorLogger?.(file.errorLogger);
  return copy;
}

/** Whether this is what the handler of a GraphQL subscription returns. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] ===
    'function'
  );
}

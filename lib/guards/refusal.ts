import { types } from 'node:util';
import { type ExecutionContext, HttpException, type Type } from '@nestjs/common';
import { isErrorOf } from '../errors';
import { type FlagRedirect, redirectFor } from './flag-redirect';

/** What `otherwise` accepts as an exception. */
export type RefusalError = Error | Promise<Error>;

/** What a refused request gets: an exception, its class, a function that makes one, or a redirect. */
export type Refusal = Error | Type<Error> | ((context: ExecutionContext) => RefusalError) | FlagRedirect;

/** JavaScript's own errors: Nest answers them as a crash, in every transport. */
const CRASHES: ReadonlySet<unknown> = new Set([
  Error,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
]);

const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value);

/** Whether it is a class in JavaScript's sense, which cannot be called: its prototype cannot be replaced. */
export function isClass(value: unknown): value is Type<unknown> {
  return (
    typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false
  );
}

/** Whether it is a class of errors that Nest answers as something other than a crash. */
export function isRefusalClass(value: unknown): value is Type<Error> {
  if (typeof value !== 'function' || value === HttpException || CRASHES.has(value)) return false;
  return value.prototype instanceof Error;
}

/**
 * Whether Nest answers this error as something other than a crash: an exception of Nest's with a status, one of the
 * application's own (an exception filter knows it), or an error that says how to answer it, with a `statusCode` on HTTP
 * or `extensions` in GraphQL.
 */
export function isRefusalError(error: unknown): error is Error {
  if (!isError(error)) return false;
  if (isErrorOf(error, HttpException)) return isStatus(error.getStatus()) && isWritable(error.getResponse());
  if (!CRASHES.has(error.constructor)) return true;
  const { statusCode, extensions } = error as {
    readonly statusCode?: unknown;
    readonly extensions?: unknown;
  };
  return isStatus(statusCode) || (typeof extensions === 'object' && extensions !== null);
}

function isStatus(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 200 && Number(status) < 600;
}

/** Whether JSON can carry the body of an exception: Nest would answer 500 where it cannot. */
function isWritable(body: unknown): boolean {
  try {
    JSON.stringify(body);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes what `otherwise` asks for.
 *
 * @returns Whatever the application's function or class has made, to be judged by {@link isRefusalError}; a promise
 * where the function is asynchronous; nothing where a redirect leads nowhere.
 * @throws What the application's function or class throws.
 */
export function makeRefusal(otherwise: Refusal, context: ExecutionContext): unknown {
  if (isError(otherwise)) return otherwise;
  if (isRefusalClass(otherwise)) return new otherwise();
  if (typeof otherwise === 'function') return (otherwise as (context: ExecutionContext) => unknown)(context);
  return redirectFor(otherwise, context);
}

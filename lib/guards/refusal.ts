import { types } from 'node:util';
import { type ExecutionContext, HttpException, type Type } from '@nestjs/common';
import { isErrorOf } from '../errors';
import { type FlagRedirect, createRedirect } from './flag-redirect';

/** The exception that a function given as `otherwise` returns. */
export type RefusalError = Error | Promise<Error>;

/** The response to a refused request: an exception, its class, a function that returns one, or a redirect. */
export type Refusal = Error | Type<Error> | ((context: ExecutionContext) => RefusalError) | FlagRedirect;

/** JavaScript's built-in error classes, which Nest answers as an internal error in every transport. */
const NATIVE_ERRORS: ReadonlySet<unknown> = new Set([
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

/** Whether the value is declared by `class` and so cannot be called; its `prototype` property is not writable. */
export function isClass(value: unknown): value is Type<unknown> {
  return (
    typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false
  );
}

/** Whether the value is an error class that Nest does not answer as an internal error. */
export function isRefusalClass(value: unknown): value is Type<Error> {
  if (typeof value !== 'function' || value === HttpException || NATIVE_ERRORS.has(value)) return false;
  return value.prototype instanceof Error;
}

/**
 * Whether Nest does not answer this error as an internal error: a Nest exception with a status, an instance of the
 * application's own error class (for which it has an exception filter), or an error with a `statusCode` (HTTP) or
 * `extensions` (GraphQL).
 */
export function isRefusalError(error: unknown): error is Error {
  if (!isError(error)) return false;
  if (isErrorOf(error, HttpException))
    return isStatus(error.getStatus()) && isSerializable(error.getResponse());
  if (!NATIVE_ERRORS.has(error.constructor)) return true;
  const { statusCode, extensions } = error as {
    readonly statusCode?: unknown;
    readonly extensions?: unknown;
  };
  return isStatus(statusCode) || (typeof extensions === 'object' && extensions !== null);
}

function isStatus(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 200 && Number(status) < 600;
}

/** Whether the body of an exception can be serialized as JSON; if not, Nest would answer 500. */
function isSerializable(body: unknown): boolean {
  try {
    JSON.stringify(body);
    return true;
  } catch {
    return false;
  }
}

/**
 * Creates the exception that the option `otherwise` defines.
 *
 * @returns The result of the application's function or class, to be checked by {@link isRefusalError}; a promise if the
 * function is asynchronous or `otherwise` is a redirect; undefined for a redirect without a target.
 * @throws The error that the application's function or class throws.
 */
export function createRefusal(otherwise: Refusal, context: ExecutionContext): unknown {
  if (isError(otherwise)) return otherwise;
  if (isRefusalClass(otherwise)) return new otherwise();
  if (typeof otherwise === 'function') return (otherwise as (context: ExecutionContext) => unknown)(context);
  return createRedirect(otherwise, context);
}

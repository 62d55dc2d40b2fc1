import { type HookContext } from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { contextValues, redactValues } from '../http';
import { HIDDEN, type LogLimit } from '../logging';
import { copyContext } from '../types';

/**
 * Makes the line to log when code of a hook has failed: what it says without the values of the evaluation context, which
 * it likes to quote.
 *
 * @param hookContext What the hook was called with.
 * @returns Nothing where the same was logged a short while ago.
 */
export function failureLine(
  limit: LogLimit,
  what: string,
  error: unknown,
  hookContext: object,
): string | undefined {
  const said = messageOf(error);
  const line = limit.pass(what, performance.now(), `${what} ${said}`);
  // Looked through only where it is written: a hook may fail with every evaluation.
  return line === undefined ? undefined : `${line} ${withoutContext(said, hookContext)}`;
}

function withoutContext(said: string, hookContext: object): string {
  try {
    const { context } = hookContext as Partial<HookContext>;
    return redactValues(said, contextValues('context', copyContext(context)));
  } catch {
    // Of a context that cannot be read it is not known what it holds.
    return HIDDEN;
  }
}

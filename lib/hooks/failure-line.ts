import { type HookContext } from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { contextValues, redactValues } from '../http';
import { HIDDEN, type LogLimit } from '../logging';
import { copyContext } from '../types';

/**
 * Returns the line to log when a hook has failed. Values of the evaluation context are redacted, because hooks often
 * quote them in their errors.
 *
 * @param limit Limits equal lines to one per minute.
 * @param what The beginning of the line: the hook that failed and the consequence.
 * @param hookContext The context that the hook was called with.
 * @returns The line; undefined if an equal one was logged within the last minute.
 */
export function failureLine(
  limit: LogLimit,
  what: string,
  error: unknown,
  hookContext: object,
): string | undefined {
  const message = messageOf(error);
  const line = limit.admit(what, performance.now(), `${what} ${message}`);
  // Redacted only if the line is logged, because a hook may fail with every evaluation.
  return line === undefined ? undefined : `${line} ${redactContextValues(message, hookContext)}`;
}

function redactContextValues(message: string, hookContext: object): string {
  try {
    const { context } = hookContext as Partial<HookContext>;
    return redactValues(message, contextValues('context', copyContext(context)));
  } catch {
    // The values of a context that cannot be read cannot be redacted, so the whole message is hidden.
    return HIDDEN;
  }
}

import { isDate } from 'node:util/types';
import { FlagshipError, FlagshipErrorCode, VerdictError } from '../errors';
import { type BindingDetails, type FlagshipBinding, type FlagType, type JsonValue } from '../options';
import { namedCode } from './error-answer';
import { isTextOrAbsent } from './evaluation-answer';
import { type ContextAttributes, type FlagSource, type Resolution } from './flag-source';
import { invalidContext } from './invalid-context';

type Sendable = Record<string, string | number | boolean>;

/** What a binding takes: text, numbers, booleans; dates as ISO 8601; null and undefined are left out. */
function bindingContext(context: ContextAttributes): Sendable {
  const sendable: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(context)) {
    if (value === null || value === undefined) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      sendable.push([name, value]);
    else if (isDate(value) && !Number.isNaN(value.getTime())) sendable.push([name, value.toISOString()]);
    else
      throw invalidContext(
        `a binding takes text, numbers, booleans and valid dates, which "${name}" is not.`,
      );
  }
  return Object.fromEntries(sendable);
}

function unreadable(problem: string): FlagshipError {
  return new FlagshipError(`The binding answered ${problem}.`, FlagshipErrorCode.PARSE_ERROR);
}

/** The value as JSON has it; a structure becomes the caller's own. */
function jsonValue(value: unknown): JsonValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === null) return null;
  try {
    return JSON.parse(JSON.stringify(value)) as JsonValue;
  } catch {
    throw unreadable('without a value, or with one that is not JSON');
  }
}

/** Codes that do not judge the question. */
const FAILURES = new Set([FlagshipErrorCode.GENERAL, FlagshipErrorCode.PARSE_ERROR]);

/** A binding has no time limit of its own. */
async function within<T>(deadline: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `The binding did not answer within ${deadline} ms (option "deadline").`;
      reject(new FlagshipError(message, FlagshipErrorCode.TIMEOUT_ERROR));
    }, deadline);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing of an answer is believed before its shape has been checked. */
function readDetails(details: unknown): Resolution {
  if (typeof details !== 'object' || details === null) throw unreadable('without details');
  const { value, variant, reason, errorCode, errorMessage } = details as BindingDetails;
  if (errorCode) {
    const code = namedCode(errorCode) ?? FlagshipErrorCode.GENERAL;
    const message = errorMessage ?? `The binding answered ${errorCode}.`;
    throw FAILURES.has(code) ? new FlagshipError(message, code) : new VerdictError(message, code);
  }
  if (!isTextOrAbsent(variant) || !isTextOrAbsent(reason)) {
    throw unreadable('with a "variant" or a "reason" that is not text');
  }
  return { value: jsonValue(value), variant: variant ?? undefined, reason: reason ?? undefined };
}

/** Asks a Cloudflare Workers binding. */
export class BindingSource implements FlagSource {
  /** @param deadline How long the binding may take, in milliseconds. */
  constructor(
    private readonly binding: FlagshipBinding,
    private readonly deadline: number,
  ) {}

  open(): Promise<void> {
    return Promise.resolve();
  }

  async evaluate(
    flagKey: string,
    context: ContextAttributes,
    type: FlagType,
    defaultValue: unknown,
  ): Promise<Resolution> {
    const details = this.ask(flagKey, bindingContext(context), type, defaultValue);
    return readDetails(await within(this.deadline, details));
  }

  refresh(): Promise<boolean> {
    return Promise.resolve(true);
  }

  stats(): undefined {
    return undefined;
  }

  letGo(): void {
    // Nothing is lent to it.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private ask(key: string, context: Sendable, type: FlagType, value: unknown): Promise<BindingDetails> {
    const { binding } = this;
    switch (type) {
      case 'boolean':
        return binding.getBooleanDetails(key, value as boolean, context);
      case 'string':
        return binding.getStringDetails(key, value as string, context);
      case 'number':
        return binding.getNumberDetails(key, value as number, context);
      case 'object':
        return binding.getObjectDetails(key, value, context);
    }
  }
}

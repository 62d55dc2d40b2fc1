import { FlagshipError, FlagshipErrorCode, messageOf, DefinitiveError } from '../../errors';
import { contextValues, detachedInSpan, redactValues, Session, shortened } from '../../http';
import { type BindingDetails, type FlagshipBinding, type FlagType, type JsonValue } from '../../options';
import { shownName } from '../../types';
import { dateText } from '../date-text';
import { namedCode } from '../error-response';
import { isTextOrAbsent } from '../is-text-or-absent';
import { type ContextAttributes, type FlagSource, type Resolution } from '../flag-source';
import { attributeNames, attributeOf, invalidContext } from '../invalid-context';

type Sendable = Record<string, string | number | boolean>;

function parameterOf(name: string, value: unknown): string | number | boolean | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  const date = dateText(value);
  if (date !== undefined) return date;
  throw invalidContext(
    `a binding takes text, numbers, booleans and valid dates, which "${shownName(name)}" is not.`,
  );
}

/** What a binding takes: text, numbers, booleans; dates as ISO 8601; null and undefined are left out. */
function bindingContext(context: ContextAttributes): Sendable {
  const sendable: [string, string | number | boolean][] = [];
  for (const name of attributeNames(context)) {
    const value = parameterOf(name, attributeOf(context, name));
    if (value !== undefined) sendable.push([name, value]);
  }
  return Object.fromEntries(sendable);
}

function unreadable(problem: string): FlagshipError {
  return new FlagshipError(`The binding answered ${problem}.`, FlagshipErrorCode.PARSE_ERROR);
}

/** What a binding says of a failure, without what of the context it quotes. */
function quoted(message: unknown, context: Sendable): string {
  return shortened(redactValues(messageOf(message), contextValues('context', context)));
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

function failureOf({ errorCode, errorMessage }: BindingDetails, context: Sendable): FlagshipError {
  const code = namedCode(errorCode) ?? FlagshipErrorCode.GENERAL;
  const message =
    typeof errorMessage === 'string' ? quoted(errorMessage, context) : `The binding answered ${code}.`;
  return FAILURES.has(code) ? new FlagshipError(message, code) : new DefinitiveError(message, code);
}

/** The fields of an answer. Whatever answers may be a likeness that throws where it is looked at. */
function fieldsOf(given: unknown): BindingDetails {
  if (typeof given !== 'object' || given === null) throw unreadable('without details');
  try {
    const { flagKey, value, variant, reason, errorCode, errorMessage } = given as BindingDetails;
    return { flagKey, value, variant, reason, errorCode, errorMessage };
  } catch {
    throw unreadable('with something that cannot be read');
  }
}

/** Nothing of an answer is believed before its shape has been checked. */
function readDetails(given: unknown, flagKey: string, context: Sendable): Resolution {
  const details = fieldsOf(given);
  const { value, variant, reason, errorCode } = details;
  if (errorCode) throw failureOf(details, context);
  if (details.flagKey !== undefined && details.flagKey !== flagKey) throw unreadable('for another flag');
  if (!isTextOrAbsent(variant) || !isTextOrAbsent(reason)) {
    throw unreadable('with a "variant" or a "reason" that is not text');
  }
  return { value: jsonValue(value), variant: variant ?? undefined, reason: reason ?? undefined };
}

/** Asks a Cloudflare Workers binding. */
export class BindingSource implements FlagSource {
  private session = new Session();

  /** @param deadline How long the binding may take, in milliseconds: it has no time limit of its own. */
  constructor(
    private readonly binding: FlagshipBinding,
    private readonly deadline: number,
  ) {}

  open(): Promise<void> {
    if (this.session.isClosed) this.session = new Session();
    return Promise.resolve();
  }

  async evaluate(
    flagKey: string,
    context: ContextAttributes,
    type: FlagType,
    defaultValue: unknown,
  ): Promise<Resolution> {
    const { deadline } = this;
    const attributes = bindingContext(context);
    const ask = (): Promise<unknown> => this.ask(flagKey, attributes, type, defaultValue);
    // Others may wait for the same answer, and what it opens outlives the request.
    const answer = detachedInSpan(() =>
      this.session.waitFor('binding', ask, deadline, () => tooLateError(deadline)),
    );
    return readDetails(await answer, flagKey, attributes);
  }

  close(): void {
    this.session.close();
  }

  /** Runs the binding's code. Whatever that throws, it has failed. */
  private async ask(key: string, context: Sendable, type: FlagType, value: unknown): Promise<unknown> {
    try {
      return await this.call(key, context, type, value);
    } catch (error) {
      throw new FlagshipError(`The binding failed: ${quoted(error, context)}`, FlagshipErrorCode.GENERAL);
    }
  }

  private call(key: string, context: Sendable, type: FlagType, value: unknown): Promise<BindingDetails> {
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

function tooLateError(deadlineMs: number): FlagshipError {
  return new FlagshipError(
    `The binding did not answer within ${deadlineMs} ms (option "deadline").`,
    FlagshipErrorCode.TIMEOUT_ERROR,
  );
}

import { isDate } from 'node:util/types';
import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type BindingDetails, type FlagshipBinding, type FlagType, type JsonValue } from '../options';
import { namedCode } from './error-answer';
import { type ContextAttributes, type FlagSource, type Resolution } from './flag-source';
import { invalidContext } from './invalid-context';

type Sendable = Record<string, string | number | boolean>;

/** What a binding takes: text, numbers, booleans; dates as ISO 8601; null and undefined are left out. */
function bindingContext(context: ContextAttributes): Sendable {
  const sendable: Sendable = {};
  for (const [name, value] of Object.entries(context)) {
    if (value === null || value === undefined) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      sendable[name] = value;
    else if (isDate(value) && !Number.isNaN(value.getTime())) sendable[name] = value.toISOString();
    else
      throw invalidContext(
        `a binding takes text, numbers, booleans and valid dates, which "${name}" is not.`,
      );
  }
  return sendable;
}

/** Asks a Cloudflare Workers binding. */
export class BindingSource implements FlagSource {
  readonly ownsValues = false;

  constructor(private readonly binding: FlagshipBinding) {}

  open(): Promise<void> {
    return Promise.resolve();
  }

  async evaluate(
    flagKey: string,
    context: ContextAttributes,
    type: FlagType,
    defaultValue: unknown,
  ): Promise<Resolution> {
    const details: unknown = await this.ask(flagKey, bindingContext(context), type, defaultValue);
    if (typeof details !== 'object' || details === null || !('value' in details)) {
      throw new FlagshipError('The binding answered without a value.', FlagshipErrorCode.PARSE_ERROR);
    }
    const { value, variant, reason, errorCode, errorMessage } = details as BindingDetails;
    if (errorCode) {
      throw new FlagshipError(
        errorMessage ?? `The binding answered ${errorCode}.`,
        namedCode(errorCode) ?? FlagshipErrorCode.GENERAL,
      );
    }
    return { value: value as JsonValue, variant, reason };
  }

  refresh(): Promise<boolean> {
    return Promise.resolve(true);
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

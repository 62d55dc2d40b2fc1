import { ErrorCode, type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { type FlagType } from '../options';
import { isObject, ownCopy } from '../types';
import { detailsForThrown, failedDetails } from './evaluation-details';
import { type FlagService } from './flag.service';

type Method = (flagKey: string, defaultValue: unknown) => unknown;

/** The methods of `FlagService` that evaluate flags of a type: first those that return details, then values. */
const METHODS: Readonly<Record<FlagType, readonly [details: string, ...values: string[]]>> = {
  boolean: ['getBooleanDetails', 'isEnabled', 'getBooleanValue'],
  string: ['getStringDetails', 'getStringValue'],
  number: ['getNumberDetails', 'getNumberValue', 'getIntegerValue'],
  object: ['getObjectDetails', 'getObjectValue'],
};

/**
 * Evaluates a flag with what a test provides in the place of the module's `FlagService`, for example by
 * `overrideProvider(FlagService)`. Such an object often has a few of the methods only.
 *
 * @returns The details; with the default and `GENERAL` if it has no method for the type, or returns nothing. Never
 * rejects.
 */
export async function evaluateWithReplacement<T extends JsonValue>(
  replacement: FlagService,
  type: FlagType,
  flagKey: string,
  defaultValue: T,
): Promise<EvaluationDetails<T>> {
  try {
    const service = replacement as unknown as Readonly<Record<string, unknown>>;
    const [detailsMethod, ...valueMethods] = METHODS[type];
    const own = ownCopy(defaultValue);
    if (typeof service[detailsMethod] === 'function') {
      const details = await (service[detailsMethod] as Method).call(replacement, flagKey, own);
      if (isObject(details) && 'value' in details)
        return { flagKey, flagMetadata: {}, ...(details as { value: T }) };
    }
    for (const name of valueMethods) {
      const method = service[name];
      const value =
        typeof method === 'function'
          ? ((await (method as Method).call(replacement, flagKey, own)) as T | undefined)
          : undefined;
      if (value !== undefined) return { flagKey, flagMetadata: {}, value };
    }
    return failedDetails(
      flagKey,
      own,
      ErrorCode.GENERAL,
      `What the application provides as FlagService has no result of ${METHODS[type].map((name) => `"${name}"`).join(' or ')}. FlagshipTestingModule replaces flags completely.`,
    );
  } catch (error) {
    return detailsForThrown(flagKey, ownCopy(defaultValue), error);
  }
}

import { FlagshipError, FlagshipErrorCode, messageOf, DefinitiveError } from '../../errors';
import { contextValues, withActiveSpan, redactValues, CancellableWaits, shortened } from '../../http';
import { type BindingDetails, type FlagshipBinding, type FlagType, type JsonValue } from '../../options';
import { type Attributes } from '../../types';
import { jsonContext, type JsonContext } from '../context-json';
import { fromOpenFeatureCode, isInconclusive } from '../error-response';
import { isTextOrAbsent } from '../is-text-or-absent';
import { type FlagSource, type Resolution, type SourceListener } from '../flag-source';
import { MetadataReader } from '../metadata-reader';

function parseError(problem: string): FlagshipError {
  return new FlagshipError(`The binding answered ${problem}.`, FlagshipErrorCode.PARSE_ERROR);
}

/** Returns a text of a binding without the values of the context that it quotes. */
function redacted(text: string, context: JsonContext): string {
  return redactValues(text, contextValues('context', context));
}

function redactedMessage(message: unknown, context: JsonContext): string {
  return shortened(redacted(messageOf(message), context));
}

/** Returns a value as JSON; objects and lists are copied. */
function jsonValue(value: unknown): JsonValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === null) return null;
  try {
    return JSON.parse(JSON.stringify(value)) as JsonValue;
  } catch {
    throw parseError('without a value, or with one that is not JSON');
  }
}

function bindingError({ errorCode, errorMessage }: BindingDetails, context: JsonContext): FlagshipError {
  const code = fromOpenFeatureCode(errorCode) ?? FlagshipErrorCode.GENERAL;
  const message =
    typeof errorMessage === 'string'
      ? redactedMessage(errorMessage, context)
      : `The binding answered ${code}.`;
  return isInconclusive(code) ? new FlagshipError(message, code) : new DefinitiveError(message, code);
}

/** Returns the metadata of details, unchecked. What cannot be read is no metadata, and fails no evaluation. */
function metadataIn(details: object): unknown {
  try {
    return (details as BindingDetails).metadata;
  } catch {
    return 'unreadable';
  }
}

/** Reads the fields of a binding's details, which may be an object whose getters throw. */
function readFields(details: unknown): BindingDetails {
  if (typeof details !== 'object' || details === null) throw parseError('without details');
  try {
    const { flagKey, value, variant, reason, errorCode, errorMessage } = details as BindingDetails;
    return { flagKey, value, variant, reason, errorCode, errorMessage, metadata: metadataIn(details) };
  } catch {
    throw parseError('with something that cannot be read');
  }
}

/**
 * Checks the details of a binding and returns the resolution.
 *
 * @throws FlagshipError The error that the details contain, with their metadata; `PARSE_ERROR` for malformed details.
 */
function readDetails(
  result: unknown,
  flagKey: string,
  context: JsonContext,
  metadataReader: MetadataReader,
): Resolution {
  const details = readFields(result);
  const { value, variant, reason, errorCode } = details;
  const metadata = metadataReader.read(flagKey, details.metadata, (text) => redacted(text, context));
  if (errorCode) throw Object.assign(bindingError(details, context), { flagMetadata: metadata });
  if (details.flagKey !== undefined && details.flagKey !== flagKey) throw parseError('for another flag');
  if (!isTextOrAbsent(variant) || !isTextOrAbsent(reason)) {
    throw parseError('with a "variant" or a "reason" that is not text');
  }
  return {
    value: jsonValue(value),
    variant: variant ?? undefined,
    reason: reason ?? undefined,
    metadata,
  };
}

/** Evaluates flags through a Cloudflare Workers binding. */
export class BindingSource implements FlagSource {
  private waits = new CancellableWaits();
  private readonly metadataReader: MetadataReader;

  /** @param deadlineMs The time limit of an evaluation in milliseconds, because a binding has none of its own. */
  constructor(
    private readonly binding: FlagshipBinding,
    private readonly deadlineMs: number,
    listener: SourceListener,
  ) {
    // A binding does not name its app.
    this.metadataReader = new MetadataReader(undefined, listener);
  }

  open(): Promise<void> {
    if (this.waits.isClosed) this.waits = new CancellableWaits();
    return Promise.resolve();
  }

  async evaluate(
    flagKey: string,
    context: Attributes,
    type: FlagType,
    defaultValue: unknown,
  ): Promise<Resolution> {
    const { deadlineMs } = this;
    const attributes = jsonContext(context);
    const call = (): Promise<unknown> => this.callBinding(flagKey, attributes, type, defaultValue);
    // Outside of the request, because other requests may wait for the same details, and connections outlive the
    // request.
    const details = withActiveSpan(() =>
      this.waits.waitFor('binding', call, deadlineMs, () => timeoutError(deadlineMs)),
    );
    return readDetails(await details, flagKey, attributes, this.metadataReader);
  }

  close(): void {
    this.waits.close();
  }

  /** Calls the binding. What it throws or rejects with becomes a `FlagshipError`. */
  private async callBinding(
    key: string,
    context: JsonContext,
    type: FlagType,
    value: unknown,
  ): Promise<unknown> {
    try {
      return await this.callMethod(key, context, type, value);
    } catch (error) {
      throw new FlagshipError(
        `The binding failed: ${redactedMessage(error, context)}`,
        FlagshipErrorCode.GENERAL,
      );
    }
  }

  private callMethod(
    key: string,
    context: JsonContext,
    type: FlagType,
    value: unknown,
  ): Promise<BindingDetails> {
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

function timeoutError(deadlineMs: number): FlagshipError {
  return new FlagshipError(
    `The binding did not answer within ${deadlineMs} ms (option "deadline").`,
    FlagshipErrorCode.TIMEOUT_ERROR,
  );
}

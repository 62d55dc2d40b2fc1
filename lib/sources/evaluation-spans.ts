import { type SpanDescription } from '../http';
import { type Attributes } from '../types';
import { isoDate, readAttribute } from './context-attributes';

type SpanAttributes = Record<string, string | number | boolean>;

const APP_PATH = /\/client\/v4\/accounts\/[^/]+\/flagship\/apps\/[^/]+(\/\w+)$/;

/**
 * Returns the attribute `url.template` for a path of Flagship's, with placeholders for account and app. For other paths
 * it returns no attribute, because they may contain a secret.
 */
export function urlTemplate(pathname: string): SpanAttributes {
  const [, action] = APP_PATH.exec(pathname) ?? [];
  if (action === undefined) return {};
  return { 'url.template': `/client/v4/accounts/{account_id}/flagship/apps/{app_id}${action}` };
}

/** Describes the spans of evaluations: the flag, its app, and the attributes of the context that the options list. */
export class EvaluationSpans {
  private readonly template: SpanAttributes;

  /**
   * @param flagSetId The app's ID, where it is known.
   * @param exportedNames The names of the attributes of the context that spans may contain.
   */
  constructor(
    pathname: string,
    flagSetId: string | undefined,
    private readonly exportedNames: readonly string[],
  ) {
    const setId: SpanAttributes = flagSetId === undefined ? {} : { 'feature_flag.set.id': flagSetId };
    this.template = { ...urlTemplate(pathname), ...setId };
  }

  describe(flagKey: string, context: Attributes): SpanDescription {
    const attributes: SpanAttributes = { ...this.template, 'feature_flag.key': flagKey };
    for (const name of this.exportedNames) {
      const value = Object.hasOwn(context, name) ? spanValue(readAttribute(context, name)) : undefined;
      if (value !== undefined) attributes[`feature_flag.context.${name}`] = value;
    }
    return { name: 'flagship evaluate', attributes };
  }
}

/** Returns a value that OpenTelemetry accepts for an attribute of a span, or undefined. */
function spanValue(value: unknown): string | number | boolean | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : isoDate(value);
}

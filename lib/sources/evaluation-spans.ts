import { type SpanDescription } from '../http';
import { type Attributes } from '../types';
import { isoDate, readAttribute } from './context-attributes';

type SpanAttributes = Record<string, string | number | boolean>;

const APP_PATH = /\/client\/v4\/accounts\/[^/]+\/flagship\/apps\/[^/]+(\/\w+)$/;

/**
 * Returns the attributes that all spans of requests to one address have: `url.template`, with placeholders for account
 * and app, for a path of Flagship's, because another path may contain a secret; and the app's ID, where it is known.
 */
export function spanTemplate(pathname: string, flagSetId: string | undefined): SpanAttributes {
  const [, action] = APP_PATH.exec(pathname) ?? [];
  return {
    ...(action !== undefined && {
      'url.template': `/client/v4/accounts/{account_id}/flagship/apps/{app_id}${action}`,
    }),
    ...(flagSetId !== undefined && { 'feature_flag.set.id': flagSetId }),
  };
}

/** Describes the spans of evaluations: the flag, and the attributes of the context that the options list. */
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
    this.template = spanTemplate(pathname, flagSetId);
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

import { type SpanDescription } from '../http';
import { dateText } from './date-text';
import { type ContextAttributes } from './flag-source';
import { attributeOf } from './invalid-context';

type Attributes = Record<string, string | number | boolean>;

const APP_PATH = /\/client\/v4\/accounts\/[^/]+\/flagship\/apps\/[^/]+(\/\w+)$/;

/** The path with names in place of account and app. Nothing of another path is told: it may hold a secret. */
export function templateOf(pathname: string): Attributes {
  const [, action] = APP_PATH.exec(pathname) ?? [];
  if (action === undefined) return {};
  return { 'url.template': `/client/v4/accounts/{account_id}/flagship/apps/{app_id}${action}` };
}

function exported(value: unknown): string | number | boolean | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : dateText(value);
}

/** Tells the spans of evaluations what they are about: the flag, and of the context what is listed. */
export class EvaluationSpans {
  private readonly template: Attributes;

  /** @param listed The attributes of the context that may be told. */
  constructor(
    pathname: string,
    private readonly listed: readonly string[],
  ) {
    this.template = templateOf(pathname);
  }

  describe(flagKey: string, context: ContextAttributes): SpanDescription {
    const attributes: Attributes = { ...this.template, 'feature_flag.key': flagKey };
    for (const name of this.listed) {
      const value = Object.hasOwn(context, name) ? exported(attributeOf(context, name)) : undefined;
      if (value !== undefined) attributes[`feature_flag.context.${name}`] = value;
    }
    return { name: 'flagship evaluate', attributes };
  }
}

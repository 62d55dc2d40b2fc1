import { type EvaluationContext, type Hook, type Provider, ProviderEvents } from '@openfeature/server-sdk';
import { configurationError, messageOf, describeValue } from '../errors';
import { copyContext } from '../types';
import {
  checkOptions,
  type CheckTable,
  booleanOption,
  functionOption,
  isText,
  listOption,
  milliseconds,
  objectOption,
  oneOf,
  nameOption,
  reading,
} from './checks';
import { type ContextFactory } from './context-factory';
import { MODULE_DEFAULTS } from './defaults';
import {
  type FlagshipModuleOptions,
  type FlagshipModuleSettings,
  type Propagation,
  type ProviderEventHandler,
  type RequestContextOptions,
} from './module-options';
import { type FlagshipProviderOptions } from './provider-options';
import { isHeaderName } from './resolve-headers';
import { givenProviderOptions, providerOptionNames } from './resolve-provider-options';

/** Headers that hold credentials. A listed one would be sent to Flagship as an attribute, which no flag needs. */
const CREDENTIAL_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);

const EVENTS = new Set<unknown>(Object.values(ProviderEvents));

const isHandlerList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && EVENTS.has(pair[0]) && typeof pair[1] === 'function');

const moduleChecks: CheckTable<FlagshipModuleSettings> = {
  domain: nameOption,
  provider: objectOption,
  context: objectOption,
  requestContext: objectOption,
  contextFactory: functionOption,
  contextTimeout: milliseconds(1),
  propagation: oneOf('interceptor', 'middleware', 'none'),
  hooks: listOption,
  hookTimeout: milliseconds(1),
  evaluationTimeout: milliseconds(1),
  handlers: (value) => (isHandlerList(value) ? undefined : 'a list of pairs of event and function'),
  listUsage: booleanOption,
};

const requestContextChecks: CheckTable<RequestContextOptions> = {
  userId: reading((value) =>
    isText(value) || typeof value === 'function' ? undefined : "a header's name or a function",
  ),
  headers: (value) =>
    typeof value === 'object' && value !== null ? undefined : 'a list of header names or an object',
};

/** A header, in lower case, and the attribute that its value becomes. */
export type HeaderAttribute = readonly [header: string, attribute: string];

/** The module's options with their defaults. Times are in milliseconds. */
export interface ResolvedModuleOptions {
  readonly domain?: string;
  /** The application's provider. Without it, Flagship's is made from `providerOptions`. */
  readonly provider?: Provider;
  readonly providerOptions: FlagshipProviderOptions;
  readonly context: EvaluationContext;
  /** Source of the targeting key. Without it, the targeting key is the id of the request's user. */
  readonly userId?: { readonly header: string } | ((request: unknown) => unknown);
  readonly headers: readonly HeaderAttribute[];
  readonly contextFactory?: ContextFactory;
  readonly contextTimeout: number;
  readonly propagation: Propagation;
  readonly hooks: readonly Hook[];
  readonly hookTimeout: number;
  /** Without it, the limit follows from the provider's deadline. */
  readonly evaluationTimeout?: number;
  readonly handlers: readonly ProviderEventHandler[];
  readonly listUsage: boolean;
}

/** Returns the header's name in lower case, or throws for one that must not be read. */
function checkHeader(option: string, header: unknown): string {
  if (typeof header !== 'string' || !isHeaderName(header)) {
    throw configurationError(
      `option "${option}" must name request headers, but names ${describeValue(header)}.`,
    );
  }
  const name = header.toLowerCase();
  if (CREDENTIAL_HEADERS.has(name)) {
    throw configurationError(
      `option "${option}" lists the header "${header}", which holds credentials and is never sent; remove it, or derive an attribute from it in "contextFactory".`,
    );
  }
  return name;
}

function resolveHeaderAttributes(headers: RequestContextOptions['headers'] = []): HeaderAttribute[] {
  const option = 'requestContext.headers';
  const pairs: [string, unknown][] = Array.isArray(headers)
    ? headers.map((name: string) => [name, name])
    : Object.entries(headers);
  return pairs.map(([header, attribute]) => {
    const name = checkHeader(option, header);
    if (!isText(attribute) || attribute === '__proto__') {
      throw configurationError(
        `option "${option}" must give "${header}" an attribute's name, but gives ${describeValue(attribute)}.`,
      );
    }
    return [name, attribute] as const;
  });
}

function resolveUserId(userId: RequestContextOptions['userId']): ResolvedModuleOptions['userId'] {
  return typeof userId === 'string' ? { header: checkHeader('requestContext.userId', userId) } : userId;
}

/** Returns a frozen copy, which later changes of the application's object do not reach. */
function staticContext(context: EvaluationContext): EvaluationContext {
  try {
    return copyContext(context) as EvaluationContext;
  } catch (error) {
    throw configurationError(`option "context" cannot be used. ${messageOf(error)}`);
  }
}

/** Separates the provider's options from the module's. */
function splitOptions(
  options: FlagshipModuleOptions,
): [provider: FlagshipProviderOptions, settings: FlagshipModuleSettings] {
  const names = new Set<string>(providerOptionNames);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return [
    givenProviderOptions(Object.fromEntries(given.filter(([name]) => names.has(name)))),
    Object.fromEntries(given.filter(([name]) => !names.has(name))),
  ];
}

/**
 * Checks the module's options and returns them with their defaults. The provider's constructor checks its own options.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` with the option's name, the given value and what is accepted.
 */
export function resolveModuleOptions(options: FlagshipModuleOptions): ResolvedModuleOptions {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw configurationError(`the module's options must be an object, but are ${describeValue(given)}.`);
  }
  const [providerOptions, ownOptions] = splitOptions(options);
  const settings = checkOptions(ownOptions, moduleChecks);
  const requestContext = checkOptions(settings.requestContext ?? {}, requestContextChecks, 'requestContext.');
  const [conflict] = Object.keys(providerOptions);
  if (settings.provider !== undefined && conflict !== undefined) {
    throw configurationError(
      `options "provider" and "${conflict}" exclude each other; give the provider its own options.`,
    );
  }
  const resolved: ResolvedModuleOptions = {
    domain: settings.domain,
    provider: settings.provider,
    providerOptions,
    context: staticContext(settings.context ?? MODULE_DEFAULTS.context),
    userId: resolveUserId(requestContext.userId),
    headers: resolveHeaderAttributes(requestContext.headers),
    contextFactory: settings.contextFactory,
    contextTimeout: settings.contextTimeout ?? MODULE_DEFAULTS.contextTimeout,
    propagation: settings.propagation ?? MODULE_DEFAULTS.propagation,
    hooks: settings.hooks ?? MODULE_DEFAULTS.hooks,
    hookTimeout: settings.hookTimeout ?? MODULE_DEFAULTS.hookTimeout,
    evaluationTimeout: settings.evaluationTimeout,
    handlers: settings.handlers ?? MODULE_DEFAULTS.handlers,
    listUsage: settings.listUsage ?? MODULE_DEFAULTS.listUsage,
  };
  // The provider's options hold the token, which must not appear where an application prints the module's options.
  return Object.defineProperty(resolved, 'providerOptions', { enumerable: false });
}

import { type ContextFactory } from '@openfeature/nestjs-sdk';
import { type EvaluationContext, type Hook, type Provider, ProviderEvents } from '@openfeature/server-sdk';
import { configurationError, messageOf, shown } from '../errors';
import { copyContext } from '../types';
import {
  checkOptions,
  type CheckTable,
  booleanOption,
  functionCheck,
  isText,
  list,
  milliseconds,
  object,
  oneOf,
  text,
} from './checks';
import {
  type FlagshipModuleOptions,
  type FlagshipModuleSettings,
  type Propagation,
  type ProviderEventHandler,
  type RequestContextOptions,
} from './module-options';
import { type FlagshipProviderOptions } from './provider-options';
import { isHeaderName } from './resolve-headers';
import { providerOptionNames } from './resolve-provider-options';

/** Headers that hold credentials: no flag needs them, and a listed one would leave the application. */
const CREDENTIALS = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);

/** A hook that writes a line or counts takes microseconds; a second is what one that asks a service may take. */
const HOOK_TIMEOUT_MS = 1000;

const EVENTS = new Set<unknown>(Object.values(ProviderEvents));

const isHandlerList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && EVENTS.has(pair[0]) && typeof pair[1] === 'function');

const settingsTable: CheckTable<FlagshipModuleSettings> = {
  domain: text,
  provider: object,
  context: object,
  requestContext: object,
  contextFactory: functionCheck,
  contextTimeout: milliseconds(1),
  propagation: oneOf('interceptor', 'middleware', 'none'),
  hooks: list,
  hookTimeout: milliseconds(1),
  evaluationTimeout: milliseconds(1),
  handlers: (value) => (isHandlerList(value) ? undefined : 'a list of pairs of event and function'),
  listUsage: booleanOption,
};

const requestContextTable: CheckTable<RequestContextOptions> = {
  userId: (value) =>
    isText(value) || typeof value === 'function' ? undefined : "a header's name or a function",
  headers: (value) =>
    typeof value === 'object' && value !== null ? undefined : 'a list of header names or an object',
};

/** The limit of a context factory that hangs, in milliseconds. */
export const DEFAULT_CONTEXT_TIMEOUT_MS = 1000;

/** A header, in lower case, and the attribute it becomes. */
export type HeaderAttribute = readonly [header: string, attribute: string];

/** The module's options with every default filled in. */
export interface ResolvedModuleOptions {
  readonly domain?: string;
  /** A provider of the user's; otherwise Flagship's is made from `providerOptions`. */
  readonly provider?: Provider;
  readonly providerOptions: FlagshipProviderOptions;
  readonly context: EvaluationContext;
  /** Where the targeting key comes from, unless it is the id of the request's user. */
  readonly userId?: { readonly header: string } | ((request: unknown) => unknown);
  readonly headers: readonly HeaderAttribute[];
  readonly contextFactory?: ContextFactory;
  /** In milliseconds. */
  readonly contextTimeout: number;
  readonly propagation: Propagation;
  readonly hooks: readonly Hook[];
  readonly hookTimeout: number;
  /** Without it, the time that the provider may take decides. */
  readonly evaluationTimeout?: number;
  readonly handlers: readonly ProviderEventHandler[];
  readonly listUsage: boolean;
}

function checkHeader(option: string, header: unknown): string {
  if (typeof header !== 'string' || !isHeaderName(header)) {
    throw configurationError(`option "${option}" must name request headers, but names ${shown(header)}.`);
  }
  const name = header.toLowerCase();
  if (CREDENTIALS.has(name)) {
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
        `option "${option}" must give "${header}" an attribute's name, but gives ${shown(attribute)}.`,
      );
    }
    return [name, attribute] as const;
  });
}

function resolveUserId(userId: RequestContextOptions['userId']): ResolvedModuleOptions['userId'] {
  return typeof userId === 'string' ? { header: checkHeader('requestContext.userId', userId) } : userId;
}

/** A copy that stays as it is, whatever becomes of the application's own object. */
function staticContext(context: EvaluationContext | undefined): EvaluationContext {
  try {
    return copyContext(context) as EvaluationContext;
  } catch (error) {
    throw configurationError(`option "context" cannot be used. ${messageOf(error)}`);
  }
}

/** Which options are the provider's and which are the module's. */
function split(
  options: FlagshipModuleOptions,
): [provider: FlagshipProviderOptions, settings: FlagshipModuleSettings] {
  const names = new Set<string>(providerOptionNames);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return [
    Object.fromEntries(given.filter(([name]) => names.has(name))),
    Object.fromEntries(given.filter(([name]) => !names.has(name))),
  ];
}

/**
 * Checks the module's options and fills in the defaults. The provider's own options are checked by its constructor.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` naming the option, what was given and what is accepted.
 */
export function resolveModuleOptions(options: FlagshipModuleOptions): ResolvedModuleOptions {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw configurationError(`the module's options must be an object, but are ${shown(given)}.`);
  }
  const [providerOptions, settings] = split(options);
  checkOptions(settings, settingsTable);
  const requestContext = settings.requestContext ?? {};
  checkOptions(requestContext, requestContextTable, 'requestContext.');
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
    context: staticContext(settings.context),
    userId: resolveUserId(requestContext.userId),
    headers: resolveHeaderAttributes(requestContext.headers),
    contextFactory: settings.contextFactory,
    contextTimeout: settings.contextTimeout ?? DEFAULT_CONTEXT_TIMEOUT_MS,
    propagation: settings.propagation ?? 'interceptor',
    hooks: settings.hooks ?? [],
    hookTimeout: settings.hookTimeout ?? HOOK_TIMEOUT_MS,
    evaluationTimeout: settings.evaluationTimeout,
    handlers: settings.handlers ?? [],
    listUsage: settings.listUsage ?? false,
  };
  // They hold the token: whoever prints the options must not find it.
  return Object.defineProperty(resolved, 'providerOptions', { enumerable: false });
}

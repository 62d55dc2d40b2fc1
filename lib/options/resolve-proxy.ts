import { configurationError } from '../errors';
import { isText } from './checks';
import { shownUrl } from './resolve-endpoint';

/** The proxy that the environment names for the requests to Flagship. Its URL may hold a password. */
export interface ResolvedProxy {
  /** The environment variable that names it. */
  readonly variable: string;
  readonly url: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the variable of a scheme that is set; the one in lower case takes precedence, even when it is blank. */
function variableOf(scheme: 'http' | 'https', env: Environment): string | undefined {
  const lower = `${scheme}_proxy`;
  const variable = env[lower] === undefined ? lower.toUpperCase() : lower;
  return isText(env[variable]) ? variable : undefined;
}

function isUsable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password, pathname, search } = new URL(url);
  try {
    decodeURIComponent(`${username}${password}`);
  } catch {
    return false;
  }
  return (protocol === 'http:' || protocol === 'https:') && pathname === '/' && search === '';
}

/**
 * Returns the proxy for an endpoint: that of `HTTPS_PROXY` for an https URL, and that of `HTTP_PROXY` for an http URL,
 * or where there is no `HTTPS_PROXY`. Whether `NO_PROXY` exempts the host is decided for each request.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when the variable does not hold the URL of a proxy.
 */
export function resolveProxy(endpoint: URL, env: Environment = process.env): ResolvedProxy | undefined {
  const secure = endpoint.protocol === 'https:' ? variableOf('https', env) : undefined;
  const variable = secure ?? variableOf('http', env);
  if (variable === undefined) return undefined;
  const value = (env[variable] ?? '').trim();
  // `proxy.example:3128` is how curl and most other programs accept it, too.
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (isUsable(url)) return { variable, url };
  throw configurationError(
    `environment variable "${variable}" must be the URL of an http or https proxy such as "http://proxy.example:3128", but is ${shownUrl(value)}.`,
  );
}

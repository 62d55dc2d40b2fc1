import type * as Undici from 'undici';
import { messageOf } from '../errors';

type ConnectOptions = Undici.Dispatcher.ConnectOptions;
type Tunnel = Undici.Dispatcher.ConnectData;

/**
 * Returns the error of a tunnel that was not opened. undici connects again, without a pause, for as long as this error is
 * one of a socket: hundreds of times a second to a proxy that closes its connections (`lib/dispatcher/client.js`,
 * checked with undici 7.30.2).
 */
function tunnelError(error: unknown): unknown {
  const { code } = Object(error) as { readonly code?: unknown };
  const isRetried = code === 'UND_ERR_SOCKET' || code === 'UND_ERR_INFO';
  return isRetried ? new Error(`the proxy opened no tunnel: ${messageOf(error)}`) : error;
}

/** Returns the pool of the connections to a proxy, with a time limit for the requests that open tunnels. */
function tunnelPool(
  { Pool }: typeof Undici,
  proxy: URL,
  options: object,
  connectTimeoutMs: number,
): Undici.Dispatcher {
  class TunnelPool extends Pool {
    override async connect(request: ConnectOptions): Promise<Tunnel> {
      try {
        return await super.connect(request);
      } catch (error) {
        throw tunnelError(error);
      }
    }
  }
  // Without a limit, a proxy that hangs would keep the requests, and their sockets.
  return new TunnelPool(proxy, { ...options, headersTimeout: connectTimeoutMs });
}

/**
 * Returns the `Proxy-Authorization` for a proxy's URL. undici makes one only where there are a user and a password, but
 * some proxies take a token as the user, or as the password.
 */
function authorizationOf(url: string): string | undefined {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/**
 * Returns the agent that sends requests through a proxy, or directly to the hosts of `NO_PROXY`.
 *
 * @param connection The options of connections to the proxy and to the hosts.
 * @param connectTimeoutMs Time limit of a connection to the proxy, and of opening a tunnel.
 */
export function proxyAgent(
  undici: typeof Undici,
  url: string,
  connection: Undici.Pool.Options,
  connectTimeoutMs: number,
): Undici.Dispatcher {
  return new undici.EnvHttpProxyAgent({
    ...connection,
    httpProxy: url,
    httpsProxy: url,
    token: authorizationOf(url),
    proxyTls: { timeout: connectTimeoutMs },
    clientFactory: (proxy, options) => tunnelPool(undici, proxy, options, connectTimeoutMs),
  });
}

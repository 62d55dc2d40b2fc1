import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Whether an address is a loopback address, which only this machine can reach. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && loopback.check(address, family(address));
}

/** Matches a name, an IPv4 address or an IPv6 address in brackets, with an optional port. */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?$/i;

/**
 * Parses a host as browsers do: case and a trailing dot are ignored, and an address may be written in several ways.
 *
 * @returns The name in lower case, or the address without brackets; undefined if the text is neither.
 */
export function parseHost(text: string): string | undefined {
  const host = HOST.exec(text)?.[1];
  if (host === undefined) return undefined;
  try {
    const { hostname } = new URL(`http://${host}`);
    return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  } catch {
    return undefined;
  }
}

/**
 * The hosts that requests may name. A web page can point its own name at this machine (DNS rebinding), and the browser
 * then lets the page's scripts read responses of this server; but the request's `host` header still names the page's
 * host.
 */
export class ServedHosts {
  private readonly names: ReadonlySet<string>;
  /** Whether the server listens on a loopback address, so that other machines cannot reach it. */
  private readonly listensOnLoopback: boolean;

  /**
   * @param address The address that the server listens on.
   * @param names The names that requests may name besides `localhost`.
   */
  constructor(address: string, names: readonly string[]) {
    this.names = new Set(['localhost', ...names.map((name) => parseHost(name) ?? name)]);
    this.listensOnLoopback = isLoopback(address);
  }

  /**
   * Whether a request may be served.
   *
   * @param headers All `host` headers of the request.
   */
  serves(headers: readonly string[]): boolean {
    const [header, ...more] = headers;
    const host = header === undefined || more.length > 0 ? undefined : parseHost(header);
    if (host === undefined) return false;
    if (this.names.has(host)) return true;
    // Rebinding needs a name, so addresses are safe. If other machines can reach the server, any address is accepted,
    // because they may use the address of a container's host, which this process does not know.
    return this.listensOnLoopback ? isLoopback(host) : isIP(host) !== 0;
  }
}

import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Whether only this machine can reach the address. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && loopback.check(address, family(address));
}

/** A name, an IPv4 address or an IPv6 address in brackets, then a port or none. */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?$/i;

/**
 * Reads a host as browsers do: case does not matter, nor does the dot at the end, and there are many ways to write an
 * address.
 *
 * @returns The name in lower case, or the address without brackets; undefined when it is neither.
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
 * The hosts that requests may name. A page on the web can point its own name at this machine (DNS rebinding), and the
 * browser then lets its scripts read what is served here; but it names the page's host in the request.
 */
export class ServedHosts {
  private readonly names: ReadonlySet<string>;
  private readonly isLocal: boolean;

  /**
   * @param address The address that the server listens on.
   * @param names The names that are served besides `localhost`.
   */
  constructor(address: string, names: readonly string[]) {
    this.names = new Set(['localhost', ...names.map((name) => parseHost(name) ?? name)]);
    this.isLocal = isLoopback(address);
  }

  /** @param headers All the `host` headers of one request. */
  serves(headers: readonly string[]): boolean {
    const [header, ...more] = headers;
    const host = header === undefined || more.length > 0 ? undefined : parseHost(header);
    if (host === undefined) return false;
    if (this.names.has(host)) return true;
    // A page that is read from an address has no name to point elsewhere. Where other machines can reach the server, the
    // address they use may be that of a container's host, which nothing here knows.
    return this.isLocal ? isLoopback(host) : isIP(host) !== 0;
  }
}

import { lookup } from 'node:dns/promises';
import { type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { configurationError } from '../errors';
import { limited } from '../runtime';
import { isLoopback } from './served-hosts';

const START_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 5000;

/**
 * The address that a server is to listen on.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when other machines could ask it without a token; the system's error when
 * the name has no address.
 */
export async function addressToListenOn(host: string, authToken: string | undefined): Promise<string> {
  const address =
    isIP(host) === 0 ? (await limited('localStart', () => lookup(host), START_LIMIT_MS)).address : host;
  if (authToken === undefined && !isLoopback(address)) {
    throw configurationError(
      `option "host" is "${host}", which other machines can reach, so that a token is needed: give "authToken" ` +
        '(--auth-token on the command line), or listen on 127.0.0.1.',
    );
  }
  return address;
}

/** Listens; problems that come later are reported, and the server goes on. */
export async function listen(
  server: Server,
  port: number,
  address: string,
  report: (problem: string) => void,
): Promise<AddressInfo> {
  const listening = new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      server.on('error', ({ message }) => {
        report(`The server goes on after a failure: ${message}`);
      });
      resolve(server.address() as AddressInfo);
    });
  });
  return limited('localStart', listening, START_LIMIT_MS);
}

/** Stops listening and ends all connections; never rejects. */
export async function stop(server: Server): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
  // All sockets are destroyed: what has not ended by now keeps nothing.
  await limited('localClose', stopped, CLOSE_LIMIT_MS).catch(() => undefined);
}

import { lookup } from 'node:dns/promises';
import { type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { configurationError } from '../errors';
import { withTimeLimit } from '../runtime';
import { isLoopback } from './served-hosts';

const START_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 5000;

/**
 * Returns the address to listen on for the option `host`.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` if other machines can reach the address and there is no token; the system's
 * error if a name cannot be resolved.
 */
export async function resolveListenAddress(host: string, authToken: string | undefined): Promise<string> {
  const address =
    isIP(host) === 0 ? (await withTimeLimit('localStart', () => lookup(host), START_LIMIT_MS)).address : host;
  if (authToken === undefined && !isLoopback(address)) {
    throw configurationError(
      `option "host" is "${host}", which other machines can reach, so that a token is needed: give "authToken" ` +
        '(--auth-token on the command line), or listen on 127.0.0.1.',
    );
  }
  return address;
}

/** Starts listening and returns the address. Later errors of the server are reported, and the server keeps running. */
export async function listen(
  server: Server,
  port: number,
  address: string,
  report: (problem: string) => void,
): Promise<AddressInfo> {
  const listening = new Promise<AddressInfo>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      reject(withRemedy(error));
    };
    server.once('error', refuse);
    server.listen(port, address, () => {
      server.off('error', refuse);
      server.on('error', ({ message }) => {
        report(`The server goes on after a failure: ${message}`);
      });
      resolve(server.address() as AddressInfo);
    });
  });
  return withTimeLimit('localStart', listening, START_LIMIT_MS);
}

/** Adds to the system's error about a port what to do; its code and its stack stay. */
function withRemedy(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE' || error.code === 'EACCES') {
    error.message += '. Give another "port" (--port on the command line); 0 takes a free one.';
  }
  return error;
}

/** Stops listening and closes all connections; resolves within {@link CLOSE_LIMIT_MS} and never rejects. */
export async function stop(server: Server): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
  // All sockets are destroyed at this point, so a timeout leaves nothing open.
  await withTimeLimit('localClose', stopped, CLOSE_LIMIT_MS).catch(() => undefined);
}

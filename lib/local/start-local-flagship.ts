import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { configurationError } from '../errors';
import { logLine, printProblem } from '../logging';
import { checkOptions, type CheckTable, functionCheck, type FlagsInput, isText, text } from '../options';
import { FlagsFile, flagsOf } from '../sources';
import { FlagStore } from './flag-store';
import { type LocalFlagship, type LocalFlagshipOptions } from './local-options';
import { RequestHandler } from './request-handler';

const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

const table: CheckTable<LocalFlagshipOptions> = {
  flags: (value) =>
    isText(value) || (typeof value === 'object' && value !== null)
      ? undefined
      : "a JSON file's path or an object of flags",
  port: (value) => (isPort(value) ? undefined : 'a whole number from 0 to 65535'),
  host: text,
  accountId: text,
  appId: text,
  authToken: text,
  report: functionCheck,
};

function reportOnConsole(problem: string): void {
  printProblem(`[local Flagship] ${logLine(problem)}`);
}

interface OpenedFlags {
  readonly store: FlagStore;
  readonly stopWatching: () => void;
}

function openFlags(
  flags: string | FlagsInput,
  accountId: string,
  report: (problem: string) => void,
): OpenedFlags {
  if (typeof flags !== 'string') {
    return { store: new FlagStore(accountId, flagsOf(flags), report), stopWatching: () => undefined };
  }
  const file = new FlagsFile(
    flags,
    (edited) => {
      store.replace(edited);
    },
    report,
  );
  const store = new FlagStore(accountId, file.read(), report);
  file.watch();
  return {
    store,
    stopWatching: () => {
      file.close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

/**
 * Starts a Flagship of your own on this machine: the same API, the same answers, no account.
 *
 * @returns The running server; `close()` it when done.
 * @throws FlagshipError When an option is unusable or the flags cannot be read; the system's error when the port is
 * taken.
 *
 * @example
 * const flagship = await startLocalFlagship({ flags: './flags.json' });
 * const { url: baseUrl, accountId, appId } = flagship;
 * new FlagshipServerProvider({ baseUrl, accountId, appId });
 */
export async function startLocalFlagship(options: LocalFlagshipOptions): Promise<LocalFlagship> {
  if ((options as Partial<LocalFlagshipOptions> | undefined)?.flags === undefined) {
    throw configurationError('option "flags" is missing; give a JSON file\'s path or an object of flags.');
  }
  checkOptions(options, table);
  const { port = 0, host = '127.0.0.1', accountId = 'local', appId = 'local', authToken } = options;
  const { store, stopWatching } = openFlags(options.flags, accountId, options.report ?? reportOnConsole);
  const handler = new RequestHandler({ accountId, appId, authToken }, store);
  const server = createServer((request, response) => void handler.handle(request, response));
  const address = await listen(server, port, host).catch((error: unknown) => {
    stopWatching();
    throw error;
  });
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    port: address.port,
    accountId,
    appId,
    setFlags: (input) => {
      store.replace(flagsOf(input));
    },
    close: () => {
      stopWatching();
      return stop(server);
    },
  };
}

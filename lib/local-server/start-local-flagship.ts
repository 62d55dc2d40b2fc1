import { createServer } from 'node:http';
import { configurationError, messageOf } from '../errors';
import {
  checkOptions,
  type CheckTable,
  functionOption,
  type FlagsInput,
  isText,
  reading,
  textOption,
  tokenOption,
} from '../options';
import { callSafely, detached } from '../runtime';
import { FlagsFile, flagsOf } from '../sources';
import { isObject } from '../types';
import { FlagStore } from './flag-store';
import { resolveListenAddress, listen, stop } from './listening';
import { type LocalFlagship, type LocalFlagshipOptions } from './local-options';
import { type Report, safeReport } from './report';
import { RequestHandler } from './request-handler';
import { parseHost, ServedHosts } from './served-hosts';

const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

const isHost = (value: unknown): boolean => typeof value === 'string' && parseHost(value) !== undefined;

const optionChecks: CheckTable<LocalFlagshipOptions> = {
  flags: reading((value) =>
    isText(value) || isObject(value) ? undefined : "a JSON file's path or an object or a list of flags",
  ),
  port: (value) => (isPort(value) ? undefined : 'a whole number from 0 to 65535'),
  host: textOption,
  allowedHosts: (value) =>
    Array.isArray(value) && value.every(isHost)
      ? undefined
      : 'a list of names that requests are sent to, such as ["flagship"]',
  accountId: textOption,
  appId: textOption,
  authToken: tokenOption,
  report: functionOption,
};

const NO_OPTIONS: Partial<LocalFlagshipOptions> = {};

/** The flags of the server, and the function that stops watching their file. */
interface OpenedFlags {
  readonly store: FlagStore;
  readonly stopWatching: () => void;
}

function openFlags(flags: string | FlagsInput, accountId: string, report: Report): OpenedFlags {
  if (typeof flags !== 'string') {
    return { store: new FlagStore(accountId, flagsOf(flags), report), stopWatching: () => undefined };
  }
  const file = new FlagsFile(
    flags,
    (edited) => {
      // Called by a timer, where a thrown error would end the process.
      callSafely(
        () => {
          store.replace(edited);
        },
        (error) => {
          report(`The edit cannot be used: ${messageOf(error)} The flags stay as they were.`);
        },
      );
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

/**
 * Starts a local Flagship on this machine: a server with Flagship's evaluation API that needs no account.
 *
 * @param options The flags, the address, and the app to serve.
 * @returns The running server. Call its `close()` at the end.
 * @throws FlagshipError if an option is not accepted, if other machines could send requests without a token, or if the
 * flags cannot be read; the system's error if the port is in use.
 *
 * @example
 * const flagship = await startLocalFlagship({ flags: './flags.json' });
 * const { url: baseUrl, accountId, appId } = flagship;
 * new FlagshipServerProvider({ baseUrl, accountId, appId });
 */
export async function startLocalFlagship(options: LocalFlagshipOptions): Promise<LocalFlagship> {
  const given = checkOptions((options as typeof options | undefined) ?? NO_OPTIONS, optionChecks);
  const { flags } = given;
  if (flags === undefined) {
    throw configurationError('option "flags" is missing; give a JSON file\'s path or an object of flags.');
  }
  return detached(() => start({ ...given, flags }));
}

async function start(options: LocalFlagshipOptions): Promise<LocalFlagship> {
  const { port = 0, host = '127.0.0.1', accountId = 'local', appId = 'local', authToken } = options;
  const report = safeReport(options.report);
  const ownAddress = await resolveListenAddress(host, authToken);
  const hosts = new ServedHosts(ownAddress, [host, ...(options.allowedHosts ?? [])]);
  const { store, stopWatching } = openFlags(options.flags, accountId, report);
  const handler = new RequestHandler({ accountId, appId, authToken, hosts }, store);
  const server = createServer((request, response) => void handler.handle(request, response));
  const address = await listen(server, port, ownAddress, report).catch((error: unknown) => {
    stopWatching();
    server.close();
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

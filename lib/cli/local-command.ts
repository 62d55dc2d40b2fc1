import { parseArgs } from 'node:util';
import { print } from '../logging';
import { type LocalFlagship, startLocalFlagship } from '../local-server';

const DEFAULT_PORT = '8787';

const options = {
  flags: { type: 'string' },
  port: { type: 'string', default: DEFAULT_PORT },
  host: { type: 'string' },
  'allowed-host': { type: 'string', multiple: true },
  'account-id': { type: 'string' },
  'app-id': { type: 'string' },
  'auth-token': { type: 'string' },
} as const;

function instructions(flagship: LocalFlagship, hasToken: boolean): string {
  const { url, accountId, appId } = flagship;
  const token = hasToken ? `\n    authToken: '<the token you gave>',` : '';
  return `Flagship is running at ${url}. Paste this into your module:

  FlagshipModule.forRoot({
    baseUrl: '${url}',
    accountId: '${accountId}',
    appId: '${appId}',${token}
  })

Press Ctrl-C to stop.`;
}

/**
 * Resolves when the process receives SIGINT or SIGTERM. The listeners stay registered: a wrapper such as npm may forward
 * Ctrl-C, and the second signal must not end the process before the server is closed.
 */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        resolve();
      });
    }
  });
}

/** Runs a local Flagship until the process receives SIGINT or SIGTERM. */
export async function runLocal(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options });
  if (values.flags === undefined || values.flags.trim() === '')
    throw new Error('Name the file of flags: nestjs-flagship local --flags flags.json');
  const flagship = await startLocalFlagship({
    flags: values.flags,
    // `Number` reads blank text as 0.
    port: Number(values.port.trim() || DEFAULT_PORT),
    host: values.host,
    allowedHosts: values['allowed-host'],
    accountId: values['account-id'],
    appId: values['app-id'],
    authToken: values['auth-token'],
  });
  const { 'auth-token': token = '' } = values;
  print(instructions(flagship, token.trim() !== ''));
  await stopSignal();
  await flagship.close();
  print('Stopped.');
}

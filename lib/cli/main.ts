#!/usr/bin/env node
import { messageOf } from '../errors';
import { logLine, print, printProblem } from '../logging';
import { runLocal } from './local-command';

const usage = `Usage: nestjs-flagship local --flags <file> [--port 8787] [--host 127.0.0.1]
                             [--allowed-host <name>] [--account-id local]
                             [--app-id local] [--auth-token <token>]

Runs a Flagship on this machine from a JSON file of flags. Edits of the file take effect within a second.
Listening on an address that other machines can reach needs a token. Requests may be sent to localhost, to
the host listened on, and to each allowed host; that option may be given several times.`;

async function main([command, ...args]: string[]): Promise<void> {
  if (
    command === undefined ||
    command === 'help' ||
    command === '--help' ||
    command === '-h' ||
    args.includes('--help')
  ) {
    print(usage);
    return;
  }
  if (command !== 'local') throw new Error(`There is no command "${logLine(command)}".\n\n${usage}`);
  await runLocal(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  printProblem(messageOf(error));
  process.exitCode = 1;
});

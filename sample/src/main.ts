import { relative } from 'node:path';
import { describeMode, readMode } from './mode/flagship-mode';
import { FLAGS_PATH } from './paths';
import { startSample } from './start-sample';

/** Returns the error's message, or for a port in use the command that uses another one. */
function hint(error: unknown, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE'
    ? `Port ${port} is in use. Choose another one: PORT=${port + 1} npm run sample`
    : message;
}

/**
 * Resolves at the first signal to stop. npm passes Ctrl-C on, so the signal arrives twice: the second one must not end
 * the process while it closes.
 */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        resolve();
      });
  });
}

async function main(): Promise<void> {
  const port = Number(process.env.PORT ?? 3000);
  const mode = readMode(process.env.FLAGSHIP_MODE);
  const sample = await startSample({ port, mode }).catch((error: unknown) => {
    throw new Error(hint(error, port), { cause: error });
  });
  const flags = relative(process.cwd(), FLAGS_PATH);
  console.log(`
  Shop:             ${sample.url}
  Local Flagship:   ${sample.flagship.url}

  ${describeMode(mode)}
  FLAGSHIP_MODE=${mode === 'local' ? 'remote' : 'local'} npm run sample starts the other mode.

  Edit ${flags} and reload the page to see the change.
  Press Ctrl-C to stop.
`);
  await stopSignal();
  await sample.close();
  console.log('Stopped.');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

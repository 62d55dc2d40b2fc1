import { once } from 'node:events';
import { relative } from 'node:path';
import { FLAGS_PATH } from './paths';
import { startSample } from './start-sample';

function hint(error: unknown, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE'
    ? `Port ${port} is taken. Choose another one: PORT=${port + 1} npm run sample`
    : message;
}

async function main(): Promise<void> {
  const port = Number(process.env.PORT ?? 3000);
  const sample = await startSample({ port }).catch((error: unknown) => {
    throw new Error(hint(error, port), { cause: error });
  });
  const flags = relative(process.cwd(), FLAGS_PATH);
  console.log(`
  The shop is open:   ${sample.url}
  Its Flagship:       ${sample.flagship.url}

  Edit ${flags} and reload the page: it follows.
  Press Ctrl-C to stop.
`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await sample.close();
  console.log('Stopped.');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

import { parseArgs } from 'node:util';
import { Run } from './run';
import { faultsFound, growth } from './verdict';

const USAGE = 'npm run soak -- [--minutes 3] [--local] [--seed N]';
const { values } = parseArgs({
  options: { minutes: { type: 'string' }, local: { type: 'boolean' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes ?? 3);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error(`Usage: ${USAGE}`);
const mode = values.local === true ? 'local' : 'remote';
const time = minutes * 60_000;

async function soak(): Promise<void> {
  console.log(`${mode} evaluation for ${minutes} minutes, seed ${seed}`);
  const run = new Run({ mode, time, seed }, (line) => {
    console.log(line);
  });
  await run.go();
  const { seen } = run;
  const last = seen.samples.at(-1)?.stats;
  console.log('answers by reason:', seen.reasons);
  console.log('requests to Flagship:', last?.upstream?.requests, last?.upstream?.outcomes);
  for (const { line } of growth(seen.samples, time)) console.log(line);
  const found = faultsFound(seen, mode, time);
  for (const fault of found) console.error(`✗ ${fault}`);
  console.log(`${found.length === 0 ? 'PASSED' : 'FAILED'}: ${seen.requests} requests, seed ${seed}`);
  if (found.length > 0) process.exitCode = 1;
}

void soak().catch((error: unknown) => {
  console.error(error);
  // The processes of the run end when their channels to this one do.
  process.exit(1);
});

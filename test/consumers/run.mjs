import { rmSync } from 'node:fs';
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killRunning } from '../../tools/command.cjs';
import { packPackage } from '../../tools/npm.mjs';
import { checkConsumer } from './support/consumer.mjs';
import { findNodes } from './support/nodes.mjs';
import { readOptions } from './support/options.mjs';
import { Report } from './support/report.mjs';

const options = await readOptions(process.argv.slice(2));
const workspace = await mkdtemp(join(tmpdir(), 'consumers-'));
const report = new Report();
const cleanUp = () => rmSync(workspace, { recursive: true, force: true });

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    killRunning();
    cleanUp();
    process.exit(1);
  });
}
try {
  // Where the consumers' package.json files say that the package is.
  const tarball = join(workspace, 'nestjs-flagship.tgz');
  await cp(options.tarball ?? (await packPackage(workspace, { build: true })), tarball);
  const nodes = await findNodes(options.node, workspace);
  for (const name of options.consumers) {
    await checkConsumer({ name, workspace, tarball, nodes, report });
  }
} finally {
  cleanUp();
}
report.finish();

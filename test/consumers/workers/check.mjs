import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../tools/command.cjs';
import { npmInstall, readJson, versionsOf } from '../../../tools/npm.mjs';
import { findNodes } from '../support/nodes.mjs';

/** What `wrangler` and `miniflare` need. */
const OLDEST_NODE = 22;
const VECTORS = join(import.meta.dirname, '../../fixtures/evaluation-vectors.json');

/**
 * Checks the package with Cloudflare's own local Flagship and runtime: the binding in a Node process, and a bundled
 * application in `workerd`.
 */
export async function check({ folder, nodes, report }) {
  const node = nodes.find(({ version }) => parseInt(version) >= OLDEST_NODE) ?? (await olderNode(folder));
  const env = {
    ...node.env,
    // No settings of this user's, no logs in the home folder, and no requests beyond this machine.
    XDG_CONFIG_HOME: join(folder, 'settings'),
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  };
  const execute = (...args) =>
    run(node.file, ['--disable-warning=ExperimentalWarning', ...args], { cwd: folder, env });

  if (!(await report.check('installs', () => install(folder)))) return;
  const isBuilt = await report.check('compiles and is bundled by wrangler', async () => {
    await execute('node_modules/typescript/bin/tsc');
    await execute('bundle.mjs');
  });
  if (!isBuilt) return;
  await report.check('the evaluation vectors, in this process and in workerd', () => execute('vectors.mjs'));
  await report.check('contexts and errors of the binding', () => execute('binding.mjs'));
  await report.check('the shop in workerd', () => execute('shop.mjs'));
}

async function install(folder) {
  await writeFile(join(folder, 'vectors.json'), JSON.stringify(await readJson(VECTORS)));
  await npmInstall(folder);
  return versionsOf(folder, ['@nestjs/core', 'miniflare', 'wrangler', 'workerd']);
}

async function olderNode(folder) {
  const [node] = await findNodes(String(OLDEST_NODE), folder);
  return node;
}

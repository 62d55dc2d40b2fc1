import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../tools/command.cjs';
import { npmInstall, readJson, versionsOf } from '../../../tools/npm.mjs';
import { compile } from '../support/compile.mjs';
import { assertSingleCopies } from '../support/installed.mjs';
import { HERE } from '../support/options.mjs';
import { ADAPTERS, checkShop, MODES } from '../support/shop.mjs';

const SCRIPT_LIMIT_MS = 60_000;
const RUNTIMES = {
  bun: [],
  // The permissions that the README names.
  deno: ['run', '--no-prompt', '--allow-env', '--allow-net', '--allow-read', '--allow-sys'],
};
const ENVIRONMENT = { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };

/** Checks the package in runtimes other than Node. Applications are compiled by `tsc`, as for Node. */
export async function check({ folder, report }) {
  await cp(join(HERE, 'shop'), join(folder, 'src'), { recursive: true });
  await cp(join(HERE, 'probes'), folder, { recursive: true });
  const { main } = await readJson(folder, 'package.json');
  if (!(await report.check('installs', () => install(folder)))) return;
  if (!(await report.check('compiles', () => compile(folder)))) return;
  for (const [name, args] of Object.entries(RUNTIMES)) {
    const runtime = { file: join(folder, 'node_modules', '.bin', name), args, env: ENVIRONMENT };
    await checkRuntime(name, runtime, folder, main, report);
  }
}

async function checkRuntime(name, runtime, folder, main, report) {
  const script = (file) => async () => {
    const options = { cwd: folder, env: runtime.env, limitMs: SCRIPT_LIMIT_MS };
    await run(runtime.file, [...runtime.args, file], options);
  };
  await report.check(`${name}: require and import give the same`, script('entries.mjs'));
  await report.check(`${name}: limits of an evaluation over HTTP`, script('limits.mjs'));
  for (const adapter of ADAPTERS) {
    for (const mode of [...MODES, 'definitions']) {
      const shop = { folder, main, node: runtime, adapter, mode };
      await report.check(`${name}: ${adapter}, ${mode}`, () => checkShop(shop));
    }
  }
}

async function install(folder) {
  await npmInstall(folder);
  await assertSingleCopies(folder);
  return versionsOf(folder, ['@nestjs/core', ...Object.keys(RUNTIMES)]);
}

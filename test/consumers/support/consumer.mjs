import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../tools/command.cjs';
import { npmInstall, readJson, versionsOf } from '../../../tools/npm.mjs';
import { compile } from './compile.mjs';
import { assertNoOptionalPeers, assertSingleCopies } from './installed.mjs';
import { CHECKS, HERE } from './options.mjs';
import { ADAPTERS, checkShop, MODES } from './shop.mjs';

const ENTRIES_LIMIT = 20_000;

/**
 * Copies a consumer out of the repository, installs it once, and checks it under each Node; a consumer with a
 * `check.mjs` does that in its own way.
 */
export async function checkConsumer({ name, workspace, tarball, nodes, report }) {
  report.section(name);
  const folder = join(workspace, name);
  if (existsSync(join(HERE, name, CHECKS))) {
    const { check } = await import(join(HERE, name, CHECKS));
    await cp(join(HERE, name), folder, { recursive: true });
    return check({ folder, tarball, nodes, report });
  }
  const { main, scripts = {} } = await copyConsumer(name, folder);

  if (!(await report.check('installs', () => install(folder)))) return;
  await report.check('has a tree that npm calls valid', () => assertValidTree(folder));
  await report.check('has one copy of what an application may have once', () => assertSingleCopies(folder));
  if (main === undefined) await report.check('has no optional peers', () => assertNoOptionalPeers(folder));
  else if (!(await report.check('compiles', () => compileAndTell(folder)))) return;

  for (const node of nodes) {
    const on = (title) => `Node ${node.version}: ${title}`;
    await report.check(on('require and import give the same'), () => runEntries(folder, node));
    if (scripts.test) await report.check(on('its own tests pass'), () => runTests(folder, node));
    if (main === undefined) continue;
    for (const adapter of ADAPTERS) {
      for (const mode of MODES) {
        await report.check(on(`${adapter}, ${mode}`), () => checkShop({ folder, main, node, adapter, mode }));
      }
    }
  }
}

async function copyConsumer(name, folder) {
  await cp(join(HERE, name), folder, { recursive: true });
  if (existsSync(join(folder, 'src'))) await cp(join(HERE, 'shop'), join(folder, 'src'), { recursive: true });
  await cp(join(HERE, 'probes'), folder, { recursive: true });
  return readJson(folder, 'package.json');
}

async function install(folder) {
  await npmInstall(folder);
}

/** Fails where a peer is missing or has a version out of its range, which `npm install` may only warn about. */
async function assertValidTree(folder) {
  await run('npm', ['ls', '--all'], { cwd: folder });
}

async function compileAndTell(folder) {
  await compile(folder);
  return versionsOf(folder, ['typescript']);
}

async function runEntries(folder, node) {
  const entries = await run(node.file, ['entries.mjs'], {
    cwd: folder,
    env: node.env,
    limitMs: ENTRIES_LIMIT,
  });
  return entries.trim().split('\n').join(', ');
}

async function runTests(folder, node) {
  await run('npm', ['test'], { cwd: folder, env: node.env });
}

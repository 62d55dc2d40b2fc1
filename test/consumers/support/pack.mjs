import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from './command.mjs';
import { HERE } from './options.mjs';

/** Builds the package, packs it as for publishing, and gives the tarball's path. */
export async function packPackage(folder) {
  await run('npm', ['pack', '--pack-destination', folder], { cwd: resolve(HERE, '../..') });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  return join(folder, tarball);
}

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run } from '../../test/consumers/support/command.mjs';
import { versionsOf } from '../../test/consumers/support/installed.mjs';
import { npmInstall } from '../../test/consumers/support/npm.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CHILDREN = join(REPOSITORY, 'bench/children');
const ROUTE_APP = 'route-app.mjs';

let installed;

/** The Nest that is installed here: its version, and the application with one route on it. */
export async function nest11() {
  return { version: await versionsOf(REPOSITORY, ['@nestjs/core']), routeApp: ROUTE_APP };
}

/** As `nest11`, of the newest Nest 12, beside this package as it was built and would be published. */
export function nest12() {
  return (installed ??= installNest12());
}

/** Removes what was installed for this run. */
export async function removeNests() {
  const { folder } = (await installed?.catch(() => undefined)) ?? {};
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

async function installNest12() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-nest-12-'));
  try {
    // Not built again: both Nests are to run the same.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: REPOSITORY });
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    await writeFile(join(folder, 'package.json'), JSON.stringify(await manifest(tarball)));
    await npmInstall(folder);
    // In that folder they find that folder's packages.
    for (const name of [ROUTE_APP, 'route-variants.mjs']) await cp(join(CHILDREN, name), join(folder, name));
    const version = await versionsOf(folder, ['@nestjs/core']);
    return { folder, version, routeApp: pathToFileURL(join(folder, ROUTE_APP)).href };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What the consumer of Nest 12 installs, and the vendor's provider. `@openfeature/nestjs-sdk` comes with this package. */
async function manifest(tarball) {
  const read = async (...path) => JSON.parse(await readFile(join(REPOSITORY, ...path), 'utf8'));
  const { dependencies } = await read('test/consumers/nest-12/package.json');
  const vendor = '@cloudflare/flagship';
  const { devDependencies } = await read('package.json');
  return {
    private: true,
    type: 'module',
    dependencies: {
      ...dependencies,
      'nestjs-flagship': `file:${tarball}`,
      [vendor]: devDependencies[vendor],
    },
  };
}

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { npmInstall, packPackage, readJson, versionsOf } from '../../tools/npm.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const ROUTE_APP = 'bench/children/route-app.mjs';
/** What the application consists of. */
const ROUTE_APP_FILES = [ROUTE_APP, 'bench/children/route-variants.mjs', 'tools/child-side.cjs'];

let installed;

/** The Nest that is installed here: its version, and the application with one route on it. */
export async function nest11() {
  return { version: await versionsOf(REPOSITORY, ['@nestjs/core']), routeApp: urlOf(REPOSITORY) };
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
    const tarball = basename(await packPackage(folder, { build: false }));
    await writeFile(join(folder, 'package.json'), JSON.stringify(await manifest(tarball)));
    await npmInstall(folder);
    // In that folder they find that folder's packages.
    for (const file of ROUTE_APP_FILES) await cp(join(REPOSITORY, file), join(folder, file));
    const version = await versionsOf(folder, ['@nestjs/core']);
    return { folder, version, routeApp: urlOf(folder) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const urlOf = (folder) => pathToFileURL(join(folder, ROUTE_APP)).href;

/** What applications with Nest 12 and OpenFeature's Nest SDK install, and the vendor's provider. */
async function manifest(tarball) {
  const { dependencies: nest } = await readJson(REPOSITORY, 'test/consumers/nest-12/package.json');
  const { dependencies: sdk, overrides } = await readJson(
    REPOSITORY,
    'test/consumers/open-feature-nest/package.json',
  );
  const vendor = '@cloudflare/flagship';
  const { devDependencies } = await readJson(REPOSITORY, 'package.json');
  return {
    private: true,
    type: 'module',
    dependencies: {
      ...nest,
      ...sdk,
      'nestjs-flagship': `file:${tarball}`,
      [vendor]: devDependencies[vendor],
    },
    overrides,
  };
}

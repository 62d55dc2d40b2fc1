import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, versionsOf } from '../../../tools/npm.mjs';

/** Two copies of one of these are two sets of classes, tokens or providers in one application. */
const SINGLE = ['@nestjs/common', '@nestjs/core', '@openfeature/server-sdk', '@openfeature/core', 'rxjs'];

/** Fails when the tree below `folder` has none or several of a package that an application may have once. */
export async function assertSingleCopies(folder) {
  const copies = await packagesBelow(folder);
  for (const name of SINGLE) {
    assert.equal(copies.get(name)?.length, 1, `copies of ${name}: ${copies.get(name)?.join(', ') ?? 'none'}`);
  }
  return versionsOf(folder, ['@nestjs/core', '@openfeature/server-sdk']);
}

/** Fails when a peer that the package calls optional is there. */
export async function assertNoOptionalPeers(folder) {
  const { peerDependenciesMeta = {} } = await readJson(folder, 'node_modules/nestjs-flagship/package.json');
  const copies = await packagesBelow(folder);
  const present = Object.keys(peerDependenciesMeta).filter((name) => copies.has(name));
  assert.deepEqual(present, [], 'optional peers were installed');
}

/** Every installed package: its name → the folders it lies in. */
async function packagesBelow(folder, found = new Map()) {
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) return found;
  for (const name of await packageNames(modules)) {
    const place = join(modules, name);
    found.set(name, [...(found.get(name) ?? []), place]);
    await packagesBelow(place, found);
  }
  return found;
}

async function packageNames(modules) {
  const entries = (await readdir(modules)).filter((entry) => !entry.startsWith('.'));
  const scopes = entries.filter((entry) => entry.startsWith('@'));
  const scoped = scopes.map(async (scope) =>
    (await readdir(join(modules, scope))).map((name) => `${scope}/${name}`),
  );
  return [...entries.filter((entry) => !entry.startsWith('@')), ...(await Promise.all(scoped)).flat()];
}

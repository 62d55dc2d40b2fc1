// @ts-check
// npm, for folders outside of the repository: packs this package and installs it beside other versions of Nest.
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from './command.cjs';

const REPOSITORY = resolve(import.meta.dirname, '..');
const INSTALL_LIMIT_MS = 300_000;

/**
 * Runs `npm install` as a user types it, whatever this repository's settings are, which `npm run` would pass on.
 * Nothing is forced, and a dependency that asks for a newer Node than the current one is still installed.
 *
 * @param {string} cwd
 * @param {...string} args
 */
export function npmInstall(cwd, ...args) {
  const settings = ['--no-audit', '--no-fund', '--prefer-offline', '--no-force', '--no-legacy-peer-deps'];
  return run('npm', ['install', ...settings, '--no-engine-strict', ...args], {
    cwd,
    limitMs: INSTALL_LIMIT_MS,
  });
}

/**
 * Packs this package as for publishing, and resolves with the tarball's path.
 *
 * @param {string} folder Where the tarball is put.
 * @param {{ build: boolean }} options Whether the package is built first; if not, `dist` is packed as it is.
 */
export async function packPackage(folder, { build }) {
  const scripts = build ? [] : ['--ignore-scripts'];
  await run('npm', ['pack', ...scripts, '--pack-destination', folder], { cwd: REPOSITORY });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm has put no tarball into ${folder}.`);
  return join(folder, tarball);
}

/**
 * Resolves with the content of a JSON file.
 *
 * @param {...string} path
 */
export async function readJson(...path) {
  return JSON.parse(await readFile(join(...path), 'utf8'));
}

/**
 * Resolves with "name version" of each package at the top of a folder's tree.
 *
 * @param {string} folder
 * @param {readonly string[]} names
 */
export async function versionsOf(folder, names) {
  const manifests = names.map((name) => readJson(folder, 'node_modules', name, 'package.json'));
  return (await Promise.all(manifests)).map(({ name, version }) => `${name} ${version}`).join(', ');
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../tools/command.cjs';
import { npmInstall } from '../../../tools/npm.mjs';

/** The package managers, each in its newest version that runs on the oldest supported Node. */
const TOOLS = ['yarn@1', '@yarnpkg/cli-dist@4', 'pnpm@12'];

/**
 * Installs the package managers in a folder, and resolves with the ways to install an application. Of each: the files
 * that it needs, and its command lines. `inspect` fails for an installation that is not valid, where the manager has
 * such a command; `node` and `bin` run a file and a package's command in the application.
 */
export async function findManagers(folder) {
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await npmInstall(folder, ...TOOLS);
  const tool = (...path) => join(folder, 'node_modules', ...path);
  const yarn1 = [process.execPath, tool('yarn/bin/yarn.js'), '--cache-folder', join(folder, 'yarn-cache')];
  const yarn4 = [process.execPath, tool('@yarnpkg/cli-dist/bin/yarn.js')];
  const env = await environment(folder);
  const managers = [
    npm(),
    classicYarn(yarn1),
    modernYarn(yarn4, 'node-modules'),
    modernYarn(yarn4, 'pnp'),
    pnpm('pnpm', tool('.bin/pnpm'), ''),
    pnpm('pnpm, strict', tool('.bin/pnpm'), 'autoInstallPeers: false\nhoist: false\n'),
  ];
  return managers.map((manager) => ({ ...manager, env }));
}

/** Yarn 4 reads npm's registry from no setting of npm's, and installs no new lock file where it finds a CI. */
async function environment(cwd) {
  const registry = await run('npm', ['config', 'get', 'registry'], { cwd });
  return {
    YARN_NPM_REGISTRY_SERVER: registry.trim(),
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_HARDENED_MODE: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
  };
}

function npm() {
  const quiet = ['--no-audit', '--no-fund'];
  return {
    name: 'npm',
    files: {},
    install: ['npm', 'install', ...quiet],
    add: ['npm', 'install', ...quiet],
    inspect: ['npm', 'ls', '--all'],
    node: ['node'],
    bin: ['npx', '--no'],
  };
}

function classicYarn(yarn) {
  return {
    name: 'Yarn 1',
    files: {},
    install: [...yarn, 'install'],
    add: [...yarn, 'add'],
    node: ['node'],
    bin: [...yarn, '--silent', 'run'],
  };
}

function modernYarn(yarn, nodeLinker) {
  return {
    name: `Yarn 4, ${nodeLinker}`,
    // Without a lock file of its own the application would belong to a project in a folder above.
    files: { '.yarnrc.yml': `nodeLinker: ${nodeLinker}\n`, 'yarn.lock': '' },
    install: [...yarn, 'install'],
    add: [...yarn, 'add'],
    node: [...yarn, 'node'],
    bin: [...yarn, 'run'],
  };
}

/** Strict: a package finds what it declares, and nothing else. */
function pnpm(name, file, settings) {
  return {
    name,
    files: { 'pnpm-workspace.yaml': settings },
    install: [file, 'install'],
    add: [file, 'add'],
    inspect: [file, 'peers', 'check'],
    node: ['node'],
    bin: [file, 'exec'],
  };
}

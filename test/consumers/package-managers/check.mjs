import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, run } from '../../../tools/command.cjs';
import { HERE } from '../support/options.mjs';
import { findManagers } from './managers.mjs';

const INSTALL_LIMIT_MS = 300_000;
const TARBALL = 'nestjs-flagship.tgz';

/** Lines of a package manager that say that something is not as it should be. */
const COMPLAINT =
  /\b(warn|warnings?|error|unmet|missing|peer|invalid|deprecated|ERESOLVE|YN0002|YN0060|YN0086)\b/i;

/** Yarn's remark that PnP needs Node's loaders for ES modules, and the line that counts the warnings before it. */
const REMARKS = /YN0092|Done with warnings/;

/** Installs an application with each package manager by the README's line, compiles it and runs it under each Node. */
export async function check({ folder, tarball, nodes, report }) {
  const tools = join(folder, 'tools');
  await mkdir(tools);
  const packages = await packagesOfReadme();
  for (const manager of await findManagers(tools)) {
    const app = join(folder, manager.name.replaceAll(/\W+/g, '-'));
    const title = (what) => `${manager.name}: ${what}`;
    await createApp(app, join(folder, 'app'), tarball, manager);
    const isInstalled = await report.check(
      title('installs by the line of the README, without a warning'),
      () => install(app, manager, packages),
    );
    if (!isInstalled) continue;
    await report.check(title('has one copy of what a process may have once'), () =>
      runNode(app, manager, nodes[0], 'copies.mjs'),
    );
    if (!(await report.check(title('compiles'), () => runBin(app, manager, ['tsc'])))) continue;
    for (const node of nodes) {
      const on = (what) => title(`Node ${node.version}: ${what}`);
      await report.check(on('require and import give the same'), () => runEntries(app, manager, node));
      await report.check(on('responds, and ends'), () => respond(app, manager, node));
      await report.check(on('runs the command'), () => runCommand(app, manager, node));
    }
  }
}

/** Resolves with what the README's first `npm install` installs. */
async function packagesOfReadme() {
  const readme = await readFile(join(HERE, '../../README.md'), 'utf8');
  const [, packages] = /^npm install (nestjs-flagship .+)$/m.exec(readme);
  return packages.split(' ');
}

async function createApp(app, template, tarball, { files }) {
  await cp(template, app, { recursive: true });
  await cp(join(HERE, 'probes'), app, { recursive: true });
  await cp(tarball, join(app, TARBALL));
  for (const [name, content] of Object.entries(files)) await writeFile(join(app, name), content);
}

async function install(app, { install, add, inspect, env }, packages) {
  const fromTarball = packages.map((name) =>
    name === 'nestjs-flagship' ? `${name}@file:./${TARBALL}` : name,
  );
  // The warnings of the application's own packages come first, and are not counted.
  await execute(app, env, install);
  const { stdout, stderr } = await execute(app, env, [...add, ...fromTarball]);
  const complaints = `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => COMPLAINT.test(line) && !REMARKS.test(line));
  assert.deepEqual(complaints, []);
  if (inspect !== undefined) await execute(app, env, inspect);
}

async function execute(cwd, env, [file, ...args]) {
  const command = new Command(file, args, { cwd, env });
  await command.success(INSTALL_LIMIT_MS);
  return command;
}

function runBin(app, { bin, env }, args) {
  const [file, ...before] = bin;
  return run(file, [...before, ...args], { cwd: app, env });
}

function runNode(app, manager, node, file) {
  const [command, ...before] = manager.node;
  return run(command, [...before, file], { cwd: app, env: { ...manager.env, ...node.env } });
}

async function runEntries(app, manager, node) {
  const entries = await runNode(app, manager, node, 'entries.mjs');
  return entries.trim().split('\n').join(', ');
}

async function respond(app, manager, node) {
  assert.equal(
    await runNode(app, manager, node, 'dist/main.js'),
    '200 {"greeting":"hello","invoices":true}\n',
  );
}

async function runCommand(app, manager, node) {
  const env = { ...manager.env, ...node.env };
  assert.match(
    await runBin(app, { ...manager, env }, ['nestjs-flagship', 'local', '--help']),
    /^Usage: nestjs-flagship/,
  );
}

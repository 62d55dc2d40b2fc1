import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../../tools/command.cjs';
import { npmInstall } from '../../../tools/npm.mjs';

const OTHERS = ['22', '24'];

/** The chosen Nodes, each `{ version, file, env }`; those that are not the current one come from npm. */
export async function findNodes(choice, workspace) {
  const [current] = process.versions.node.split('.');
  const majors = choice === 'all' ? [...new Set([current, ...OTHERS])] : [choice];
  const files = majors.map((major) => [major, major === current || major === 'current']);
  const missing = files.filter(([, here]) => !here).map(([major]) => major);
  const folder = join(workspace, 'nodes');
  if (missing.length > 0) await install(missing, folder);
  return Promise.all(
    files.map(([major, here]) => describe(here ? process.execPath : join(folder, fileOf(major)))),
  );
}

function fileOf(major) {
  return join('node_modules', `node-${major}`, 'bin', 'node');
}

async function install(majors, folder) {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const builds = `node-${process.platform}-${process.arch}`;
  await npmInstall(folder, ...majors.map((major) => `node-${major}@npm:${builds}@${major}`));
}

async function describe(file) {
  const version = await run(file, ['--version'], { cwd: dirname(file) });
  const env = { PATH: `${dirname(file)}:${process.env.PATH}` };
  return { version: version.trim().replace(/^v/, ''), file, env };
}

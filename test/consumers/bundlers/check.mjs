import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Command, run } from '../../../tools/command.cjs';
import { npmInstall, versionsOf } from '../../../tools/npm.mjs';
import { LAZY_IMPORTS } from './lazy-imports.cjs';

const START_LIMIT = 30_000;
const MALFORMED = '{\n  "flags": {,}\n}';

const NODE = process.execPath;
const COMPILE = [NODE, 'node_modules/typescript/bin/tsc'];
const NEST_BUILD = [NODE, 'node_modules/@nestjs/cli/bin/nest.js', 'build'];

/** CommonJS packages load Node's modules by `require`, which an ES module has to create. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** esbuild writes no decorator metadata, so it bundles what TypeScript has compiled. */
function esbuild(file, ...options) {
  const externals = LAZY_IMPORTS.map((name) => `--external:${name}`);
  const general = ['--bundle', '--platform=node', '--log-level=warning', `--outfile=bundles/${file}`];
  return ['./node_modules/.bin/esbuild', 'dist/main.js', ...general, ...externals, ...options];
}

/** How bundles are made: title → commands and what they make. The first compiles what Rspack bundles as well. */
const BUNDLERS = {
  'esbuild, of what TypeScript compiled': {
    commands: [
      COMPILE,
      esbuild('esbuild.js'),
      esbuild('esbuild.min.js', '--minify'),
      esbuild('esbuild.mjs', '--format=esm', `--banner:js=${REQUIRE}`),
    ],
    files: ['bundles/esbuild.js', 'bundles/esbuild.min.js', 'bundles/esbuild.mjs'],
  },
  Rspack: { commands: [[NODE, 'rspack.cjs']], files: ['bundles/rspack.js'] },
  "nest build, with the webpack configuration of Nest's documentation": {
    commands: [[...NEST_BUILD, '--webpack', '--webpackPath', 'webpack.config.cjs']],
    files: ['bundles/webpack/main.js'],
  },
};

/** Builders that leave the packages outside. */
const BUILDERS = {
  'nest build --webpack': [...NEST_BUILD, '--webpack'],
  'nest build --builder swc': [...NEST_BUILD, '--builder', 'swc'],
};

/** Installs once, builds with each bundler, and starts each bundle alone in an empty folder, on each Node. */
export async function check({ folder, nodes, report }) {
  const install = async () => {
    await npmInstall(folder);
    return versionsOf(folder, [
      '@nestjs/core',
      '@nestjs/cli',
      'webpack',
      'esbuild',
      '@rspack/core',
      '@swc/core',
    ]);
  };
  if (!(await report.check('installs', install))) return;
  const flagship = new Command(process.execPath, ['flagship.cjs'], { cwd: folder, stdin: 'pipe' });
  try {
    const url = await flagship.firstLine(START_LIMIT);
    for (const [title, { commands, files }] of Object.entries(BUNDLERS)) {
      if (!(await report.check(title, () => build(folder, commands)))) continue;
      for (const file of files) {
        const alone = await emptyFolder(folder, file);
        for (const node of nodes) {
          await report.check(`Node ${node.version}: ${file}, alone`, () => askShop(alone, file, node, url));
        }
      }
    }
    for (const [title, command] of Object.entries(BUILDERS)) {
      await report.check(title, () => build(folder, [command]));
      await report.check(`${title}: it runs`, () => askShop(folder, 'dist/main.js', nodes[0], url));
    }
  } finally {
    flagship.kill();
  }
}

/** Runs commands that must not complain about the package. */
async function build(folder, commands) {
  for (const [file, ...args] of commands) {
    const output = await run(file, args, { cwd: folder });
    assert.doesNotMatch(output, /nestjs-flagship|can't resolve/i);
  }
}

/** Copies a bundle to where no `node_modules` is. */
async function emptyFolder(folder, file) {
  const alone = `${folder}-${basename(file)}`;
  await mkdir(join(alone, 'bundles', 'webpack'), { recursive: true });
  await cp(join(folder, file), join(alone, file));
  return alone;
}

/** Starts a shop, which asks itself as its visitors would, prints the answers, and ends by itself. */
async function askShop(cwd, file, node, url) {
  await writeFile(join(cwd, 'malformed.json'), MALFORMED);
  const shop = new Command(node.file, [file, url, 'malformed.json'], { cwd, env: node.env });
  const { malformed, ...answers } = JSON.parse(await shop.success(START_LIMIT));
  assert.deepEqual(answers, {
    home: { status: 200, body: { page: 'modern', uploadLimit: 20 } },
    ada: { status: 200, body: { checkout: 'new' } },
    bob: { status: 404, body: { message: 'Cannot GET /checkout', error: 'Not Found', statusCode: 404 } },
    health: 'up',
    definitions: 3,
    local: 4,
    testing: true,
  });
  assert.match(malformed, /malformed\.json:2:13: not valid JSON \(.+\)/);
  assert.equal(shop.stderr, '', 'warnings on the standard error');
}

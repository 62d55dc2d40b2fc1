import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../tools/command.cjs';
import { npmInstall, versionsOf } from '../../../tools/npm.mjs';
import { errorsOfOthers } from '../support/compile.mjs';

/** Compiler → the settings that it compiles with. Each setting meets an old compiler and the newest that has it. */
const MATRIX = {
  5.1: ['strictest', 'classic'],
  5.9: ['verbatim', 'bundler', 'node16'],
  '6.0': ['strictest', 'bundler'],
  '7.0': ['strictest', 'verbatim', 'bundler', 'node16', 'dom'],
};

/** What is installed here; the README's other code needs more. */
const INSTALLED = /^(@nestjs\/(common|core)|@openfeature\/server-sdk|nestjs-flagship(\/\w+)?|rxjs|node:.+)$/;

/** Installs once, and compiles the README's code with every setting and compiler of the matrix. */
export async function check({ folder, report }) {
  const install = async () => {
    await npmInstall(folder);
    const compilers = Object.keys(MATRIX).map((version) => `typescript-${version}`);
    return versionsOf(folder, ['@nestjs/core', ...compilers]);
  };
  if (!(await report.check('installs', install))) return;
  if (!(await report.check("holds the README's code", () => writeSources(folder)))) return;
  for (const [version, settings] of Object.entries(MATRIX)) {
    for (const setting of settings) {
      await report.check(`TypeScript ${version}: ${setting}`, () => compile(folder, version, setting));
    }
  }
}

/** Writes the code of the packed README that needs nothing else, into the sources of both module systems. */
async function writeSources(folder) {
  const readme = await readFile(join(folder, 'node_modules', 'nestjs-flagship', 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n\/\/ (?<name>\S+)\n(?<code>[^]*?)^```/gm)]
    .map(({ groups }) => groups)
    .filter(({ code }) => [...code.matchAll(/ from '([^']+)'/g)].every(([, name]) => INSTALLED.test(name)))
    // A declaration of flags holds for the whole program, whose other modules have other flags.
    .filter(({ name, code }) => !code.includes('\ndeclare module ') && !name.startsWith('typed.'));
  if (!blocks.some(({ name }) => name === 'app.module.ts'))
    throw new Error('The quick start is not among them.');
  for (const modules of ['commonjs', 'modules']) {
    await cp(join(folder, 'undefined-options.ts'), join(folder, modules, 'undefined-options.ts'));
    for (const { name, code } of blocks) await writeFile(join(folder, modules, name), code);
  }
  return `${blocks.length} files`;
}

async function compile(folder, version, setting) {
  const compiler = join('node_modules', `typescript-${version}`, 'bin', 'tsc');
  try {
    await run(process.execPath, [compiler, '-p', `tsconfig.${setting}.json`, '--pretty', 'false'], {
      cwd: folder,
    });
  } catch (error) {
    if (!errorsOfOthers(error.output)) throw error;
  }
}

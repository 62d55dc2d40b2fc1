import { join } from 'node:path';
import { run } from '../../../tools/command.cjs';
import { npmInstall, versionsOf } from '../../../tools/npm.mjs';
import { compile } from '../support/compile.mjs';

const VM_MODULES = { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' };

/** Installs once, and runs the same tests with each test runner on each Node. */
export async function check({ folder, nodes, report }) {
  const install = async () => {
    await npmInstall(folder);
    return versionsOf(folder, ['@nestjs/core', 'vitest', 'vite', 'jest', '@swc/jest']);
  };
  if (!(await report.check('installs', install))) return;
  if (!(await report.check('compiles', () => compile(folder)))) return;
  for (const node of nodes) {
    const start = (title, args, env = {}) =>
      report.check(`Node ${node.version}: ${title}`, async () => {
        await run(node.file, args, { cwd: folder, env: { ...node.env, ...env } });
      });
    await start('Vitest', [join('node_modules', 'vitest', 'vitest.mjs'), 'run']);
    await start('node:test', ['--test', join('dist', 'node-test', 'shop.test.js')]);
    const jest = (config) => [join('node_modules', 'jest', 'bin', 'jest.js'), '--ci', '-c', config];
    await start('Jest, Nest compiled to CommonJS', jest('jest.config.json'));
    if (requiresModulesInJest(node)) await start('Jest, ES modules', jest('jest.modules.json'), VM_MODULES);
  }
}

/** Whether Jest can `require` ES modules on this Node, as a CommonJS package does with Nest 12. */
function requiresModulesInJest({ version }) {
  const [major, minor] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 9);
}

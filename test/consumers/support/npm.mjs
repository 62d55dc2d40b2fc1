import { run } from './command.mjs';

/**
 * `npm install` as a user types it, whatever this repository's settings are: under `npm run` they are inherited.
 * In particular nothing may be forced, and a dependency of Nest that asks for a newer Node is Nest's affair.
 */
export function npmInstall(cwd, ...args) {
  const settings = ['--no-audit', '--no-fund', '--prefer-offline', '--no-force', '--no-legacy-peer-deps'];
  return run('npm', ['install', ...settings, '--no-engine-strict', ...args], { cwd, limit: 300_000 });
}

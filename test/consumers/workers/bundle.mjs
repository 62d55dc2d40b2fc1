// Bundles the Worker as `wrangler deploy` does, without an account. The process of esbuild ends after wrangler, so both
// have a group of their own: the run reports processes that a check leaves in its group.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const args = ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', 'bundle'];
const wrangler = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
const [code] = await once(wrangler, 'exit');
process.exitCode = code ?? 1;

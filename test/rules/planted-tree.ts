import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '../..');
const CRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** A file that is reported, and the rule that it breaks. */
export interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string; readonly severity: string };
}

/** Copies `lib/` and what its rules depend on, because other tests read the repository at the same time. */
function copyTree(folder: string): void {
  for (const name of ['lib', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
}

/**
 * Adds files to a copy of `lib/` and applies the import rules to all of it, by the command that `npm run lint` runs.
 *
 * @param plants Path in the repository → source.
 * @returns Every violation, also those of files that were not planted.
 */
export async function violationsWith(plants: ReadonlyMap<string, string>): Promise<readonly Violation[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flagship-rules-')));
  try {
    copyTree(folder);
    for (const [file, source] of plants) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `${source}\n`);
    }
    const config = join(ROOT, '.dependency-cruiser.cjs');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CRUISE, '--config', config, '--output-type', 'baseline', 'lib'],
      { cwd: folder, maxBuffer: 2 ** 26 },
    );
    return JSON.parse(stdout) as Violation[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

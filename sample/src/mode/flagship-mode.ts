/** Who evaluates the shop's flags: Flagship, asked for every evaluation, or the shop itself. */
export type FlagshipMode = 'remote' | 'local';

/** Reads the environment variable `FLAGSHIP_MODE`. */
export function readMode(given: string | undefined): FlagshipMode {
  if (given === undefined || given === '') return 'remote';
  if (given === 'remote' || given === 'local') return given;
  throw new Error(`FLAGSHIP_MODE must be "remote" or "local", but is "${given}".`);
}

/** The mode in one sentence, for the console and the page. */
export function describeMode(mode: FlagshipMode): string {
  return mode === 'local'
    ? 'Local mode: the shop evaluates its flags itself, and fetches edits within a second.'
    : 'Remote mode: the shop asks Flagship for every evaluation.';
}

/** Where the shop's flags are evaluated: by Flagship, with a request per evaluation, or in the shop's process. */
export type FlagshipMode = 'remote' | 'local';

/** Returns the mode that the environment variable `FLAGSHIP_MODE` names, by default `remote`. Throws for any other value. */
export function readMode(given: string | undefined): FlagshipMode {
  if (given === undefined || given === '') return 'remote';
  if (given === 'remote' || given === 'local') return given;
  throw new Error(`FLAGSHIP_MODE must be "remote" or "local", but is "${given}".`);
}

/** Returns the mode in one sentence, for the console and the page. */
export function describeMode(mode: FlagshipMode): string {
  return mode === 'local'
    ? 'Local mode: the shop evaluates its flags in its process, and polls for edits twice a second.'
    : 'Remote mode: the shop sends a request to Flagship for every evaluation.';
}

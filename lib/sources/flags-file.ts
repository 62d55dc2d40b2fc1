import { readFileSync, type Stats, unwatchFile, watchFile } from 'node:fs';
import { resolve } from 'node:path';
import { configurationError, FlagshipError } from '../errors';
import { normalizeFlags } from '../evaluation';
import { parseJsonText } from './json-text';

/** How often the file is looked at. Polling also sees editors that replace the file, and mounted folders. */
const WATCH_INTERVAL = 200;

/** Flags by key; the definitions are not yet judged one by one. */
export type FlagMap = ReadonlyMap<string, unknown>;

/** A file of flags, read at once and, when asked, again after each edit. */
export class FlagsFile {
  readonly path: string;
  private readonly listener: (now: Stats, before: Stats) => void;

  /**
   * @param path The JSON file.
   * @param onFlags Called with the flags after each edit that can be read.
   * @param onProblem Called with one sentence, place included, after each edit that cannot.
   */
  constructor(
    path: string,
    private readonly onFlags: (flags: FlagMap) => void,
    private readonly onProblem: (problem: string) => void,
  ) {
    this.path = resolve(path);
    this.listener = (now, before) => {
      if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) this.reload();
    };
  }

  /** @throws FlagshipError When the file cannot be read or holds no flags. */
  read(): FlagMap {
    let content: string;
    try {
      content = readFileSync(this.path, 'utf8');
    } catch (error) {
      throw configurationError(`the flags file cannot be read: ${(error as Error).message}.`);
    }
    try {
      return normalizeFlags(parseJsonText(content));
    } catch (error) {
      if (!(error instanceof FlagshipError)) throw error;
      throw configurationError(`${this.path}:${error.message}`);
    }
  }

  /** Starts to follow edits; does not keep the process alive. */
  watch(): void {
    watchFile(this.path, { interval: WATCH_INTERVAL, persistent: false }, this.listener);
  }

  close(): void {
    unwatchFile(this.path, this.listener);
  }

  private reload(): void {
    let flags: FlagMap;
    try {
      flags = this.read();
    } catch (error) {
      this.onProblem(`${(error as Error).message} The flags stay as they were.`);
      return;
    }
    this.onFlags(flags);
  }
}

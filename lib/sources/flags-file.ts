import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { configurationError, FlagshipError } from '../errors';
import { normalizeFlags } from '../evaluation';
import { parseJsonText } from './json-text';

/** How often the file is looked at. Polling also sees editors that replace the file, and mounted folders. */
const WATCH_INTERVAL = 200;
/** The coarsest clock of a common file system: two edits within this time may look like one. */
const COARSEST_CLOCK = 2000;

/** Flags by key; the definitions are not yet judged one by one. */
export type FlagMap = ReadonlyMap<string, unknown>;

/** A file of flags, read at once and, when asked, again after each edit. */
export class FlagsFile {
  readonly path: string;
  /** What the file looked like before it was last read, so that an edit during or after the reading is noticed. */
  private seen = '';
  /** What it held then; `undefined` when it could not be read. */
  private text: string | undefined;
  private timer: NodeJS.Timeout | undefined;

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
  }

  /** @throws FlagshipError When the file cannot be read or holds no flags. */
  read(): FlagMap {
    this.seen = fingerprint(this.path);
    this.text = readText(this.path);
    return this.parse(this.text);
  }

  /** Starts to follow edits; does not keep the process alive. */
  watch(): void {
    this.timer ??= setInterval(() => {
      this.look();
    }, WATCH_INTERVAL).unref();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const now = fingerprint(this.path);
    if (now === this.seen) return;
    this.seen = now;
    const before = this.text;
    let flags: FlagMap;
    try {
      this.text = undefined;
      this.text = readText(this.path);
      if (this.text === before) return;
      flags = this.parse(this.text);
    } catch (error) {
      // A file that stays away is told about once.
      if (before !== undefined || this.text !== undefined) {
        this.onProblem(`${(error as Error).message} The flags stay as they were.`);
      }
      return;
    }
    this.onFlags(flags);
  }

  private parse(text: string): FlagMap {
    try {
      return normalizeFlags(parseJsonText(text));
    } catch (error) {
      if (!(error instanceof FlagshipError)) throw error;
      throw configurationError(`${this.path}:${error.message}`);
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw configurationError(`the flags file cannot be read: ${(error as Error).message}.`);
  }
}

/** The same text as long as the file is the same; a file changed just now is never known to be the same. */
function fingerprint(path: string): string {
  try {
    const { mtimeNs, mtimeMs, size, ino } = statSync(path, { bigint: true });
    const isFresh = Math.abs(Date.now() - Number(mtimeMs)) < COARSEST_CLOCK;
    return `${String(mtimeNs)} ${String(size)} ${String(ino)} ${isFresh ? performance.now() : ''}`;
  } catch (error) {
    return (error as Error).message;
  }
}

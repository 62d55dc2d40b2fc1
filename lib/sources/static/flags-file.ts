import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { configurationError, messageOf } from '../../errors';
import { type FlagMap, normalizeFlags } from '../../evaluation';
import { callSafely, detached, limited } from '../../runtime';
import { parseJsonText } from './json-text';
import { LoadQueue } from '../load-queue';
import { readRegularFile, readRegularFileSync } from '../regular-file';

/** How often the file is looked at. Polling also sees editors that replace the file, and mounted folders. */
const WATCH_INTERVAL_MS = 200;
/** How long a look may take before it is reported: a file system that hangs takes for ever. */
const CHECK_LIMIT_MS = 5000;
/** The coarsest clock of a common file system: for so long after an edit, another one may look the same. */
const COARSEST_CLOCK_MS = 2000;

/** What a look has found: a text, or why there is none. */
type Found = { readonly text: string } | { readonly problem: string };

/** A file of flags, read at once and, when asked, again after each edit. */
export class FlagsFile {
  readonly path: string;
  /** What the file looked like before it was last read, so that an edit during or after the reading is noticed. */
  private seen = '';
  /** Until when the file is read although it looks the same, by the monotonic clock. */
  private freshUntil = 0;
  /** The text in force. */
  private text: string | undefined;
  /** The problem that the last look has found; reported when the next look finds it, too. */
  private suspected: string | undefined;
  private reported: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isChecking = false;
  private readonly checks = new LoadQueue((mayTrustMark) => this.checkOnce(mayTrustMark));
  /** Counts openings and closings: a look that began before one of them changes nothing. */
  private generation = 0;

  /**
   * @param path The JSON file.
   * @param onFlags Called with the flags after each edit that can be read. What it throws is dropped.
   * @param onProblem Called with one sentence, place included, after each edit that cannot. What it throws is dropped.
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
    try {
      this.notice(markOf(statSync(this.path, { bigint: true })));
      this.text = readRegularFileSync(this.path);
    } catch (error) {
      throw configurationError(unreadable(error));
    }
    return this.parse(this.text);
  }

  /** Starts to follow edits; does not keep the process alive. */
  watch(): void {
    if (this.timer !== undefined) return;
    this.generation++;
    this.timer = detached(() =>
      setInterval(() => {
        callSafely(() => {
          this.check();
        });
      }, WATCH_INTERVAL_MS).unref(),
    );
  }

  close(): void {
    this.generation++;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /**
   * Reads the file now, after a look that is under way: what that one finds may be older than the call. Never rejects.
   *
   * @returns Whether the flags in force are those of the file.
   */
  async refresh(): Promise<boolean> {
    try {
      return await detached(() => limited('definitionsFile', this.checks.request(false), CHECK_LIMIT_MS));
    } catch {
      // A file system that hangs: the timer's looks report it.
      return false;
    }
  }

  /** Looks once, and not again before that has ended: on a file system that hangs, looks must not pile up. */
  private check(): void {
    if (this.isChecking) return;
    const { generation } = this;
    limited('definitionsFile', this.checks.request(true), CHECK_LIMIT_MS).catch((error: unknown) => {
      if (generation === this.generation) this.tell(messageOf(error));
    });
  }

  /** Never rejects. */
  private async checkOnce(mayTrustMark: boolean): Promise<boolean> {
    const { generation } = this;
    this.isChecking = true;
    try {
      const found = await this.find(mayTrustMark);
      return generation === this.generation && (found === undefined || this.take(found));
    } catch {
      return false;
    } finally {
      this.isChecking = false;
    }
  }

  /** What is in the file now; nothing when it looks as it did, where that will do. */
  private async find(mayTrustMark: boolean): Promise<Found | undefined> {
    const hasChanged = this.notice(await stat(this.path, { bigint: true }).then(markOf, messageOf));
    if (mayTrustMark && !hasChanged && this.suspected === undefined) return undefined;
    try {
      return { text: await readRegularFile(this.path) };
    } catch (error) {
      return { problem: unreadable(error) };
    }
  }

  /** Whether the file may have changed. */
  private notice(mark: string): boolean {
    const now = performance.now();
    if (mark === this.seen) return now < this.freshUntil;
    this.seen = mark;
    this.freshUntil = now + COARSEST_CLOCK_MS;
    return true;
  }

  /** @returns Whether the flags in force are what was found. */
  private take(found: Found): boolean {
    if ('problem' in found) {
      this.suspect(found.problem);
      return false;
    }
    let flags: FlagMap | undefined;
    try {
      if (found.text !== this.text) flags = this.parse(found.text);
    } catch (error) {
      this.suspect(messageOf(error));
      return false;
    }
    this.text = found.text;
    this.suspected = undefined;
    this.reported = undefined;
    if (flags !== undefined) this.use(flags);
    return true;
  }

  private use(flags: FlagMap): void {
    callSafely(
      () => {
        this.onFlags(flags);
      },
      (error) => {
        this.tell(messageOf(error));
      },
    );
  }

  /** Reports what two looks have found: a file that is being written is empty, cut short or away for a moment. */
  private suspect(problem: string): void {
    if (this.suspected !== problem) {
      this.suspected = problem;
      return;
    }
    this.suspected = undefined;
    this.tell(problem);
  }

  /** Reports a problem that lasts once. */
  private tell(problem: string): void {
    if (problem === this.reported) return;
    this.reported = problem;
    callSafely(() => {
      this.onProblem(`${problem} The flags stay as they were.`);
    });
  }

  private parse(text: string): FlagMap {
    try {
      return normalizeFlags(parseJsonText(text));
    } catch (error) {
      throw configurationError(`${this.path}:${messageOf(error)}`);
    }
  }
}

function unreadable(error: unknown): string {
  return `the flags file cannot be read: ${messageOf(error)}.`;
}

/** The same text as long as the file is the same. The last of the times changes even where a copy keeps the other one. */
function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

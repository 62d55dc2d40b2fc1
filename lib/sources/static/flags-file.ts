import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { configurationError, isErrorOf, messageOf } from '../../errors';
import { type FlagMap, FlagsShapeError, normalizeFlags } from '../../evaluation';
import { callSafely, detached, withTimeLimit } from '../../runtime';
import { parseJsonText } from './json-text';
import { LoadQueue } from '../load-queue';
import { readRegularFile, readRegularFileSync } from '../regular-file';

/** The interval of checks. `fs.watch` would miss editors that replace the file, and folders that are mounted. */
const WATCH_INTERVAL_MS = 200;
/** The time in milliseconds after which a check is reported as failed, because the file system hangs. */
const CHECK_LIMIT_MS = 5000;
/**
 * The coarsest clock of a common file system: within this time after an edit, another one may leave the same
 * fingerprint.
 */
const COARSEST_CLOCK_MS = 2000;

/** The result of reading the file: its text, or the reason why it cannot be read. */
type ReadResult = { readonly text: string } | { readonly problem: string };

/**
 * A file of flags. It is read synchronously at the start, and checked at intervals after {@link FlagsFile.watch}. A
 * check goes through these steps, one check at a time:
 * 1. `readIfChanged` compares the fingerprint of the file, and reads the file if it has changed.
 * 2. `apply` parses the text, and emits the flags if they can be read.
 * 3. `reportIfRepeated` reports a problem that two checks have found.
 */
export class FlagsFile {
  readonly path: string;
  /** The fingerprint before the last read, so that an edit during or after the read is noticed. */
  private fingerprint = '';
  /** Until when the file is read even if its fingerprint has not changed, by the monotonic clock. */
  private uncertainUntilMs = 0;
  /** The text in force. */
  private text: string | undefined;
  /** The problem that the last check found. It is reported if the next check finds it too. */
  private unconfirmedProblem: string | undefined;
  private reportedProblem: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Whether a check is under way. */
  private isChecking = false;
  private readonly checks = new LoadQueue((mayTrustFingerprint) => this.checkOnce(mayTrustFingerprint));
  /** Counts calls of `watch` and `close`: a check that began before one of them changes nothing any more. */
  private generation = 0;

  /**
   * @param path The JSON file.
   * @param onFlags Receives the flags after each edit that can be read. What it throws is reported.
   * @param onProblem Receives one sentence with the position after each edit that cannot be read. What it throws is
   * dropped.
   */
  constructor(
    path: string,
    private readonly onFlags: (flags: FlagMap) => void,
    private readonly onProblem: (problem: string) => void,
  ) {
    this.path = resolve(path);
  }

  /**
   * Reads the file synchronously.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` when the file cannot be read or contains no flags.
   */
  read(): FlagMap {
    try {
      this.updateFingerprint(fingerprintOf(statSync(this.path, { bigint: true })));
      this.text = readRegularFileSync(this.path);
    } catch (error) {
      throw configurationError(unreadableMessage(error, this.path));
    }
    return this.parse(this.text);
  }

  /** Begins to check the file at intervals. The timer does not keep the process alive. */
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
   * Reads the file now; after the check under way, which may find something older than this call. Never rejects.
   *
   * @returns Whether the flags in force are those of the file.
   */
  async refresh(): Promise<boolean> {
    try {
      return await detached(() =>
        withTimeLimit('definitionsFile', this.checks.request(false), CHECK_LIMIT_MS),
      );
    } catch {
      // The file system hangs, which the checks of the timer report.
      return false;
    }
  }

  /** Begins a check, unless one is under way: on a file system that hangs, checks must not accumulate. */
  private check(): void {
    if (this.isChecking) return;
    const { generation } = this;
    withTimeLimit('definitionsFile', this.checks.request(true), CHECK_LIMIT_MS).catch((error: unknown) => {
      if (generation === this.generation) this.report(messageOf(error));
    });
  }

  /** Performs one check. Returns whether the flags in force are those of the file; never rejects. */
  private async checkOnce(mayTrustFingerprint: boolean): Promise<boolean> {
    const { generation } = this;
    this.isChecking = true;
    try {
      const result = await this.readIfChanged(mayTrustFingerprint);
      return generation === this.generation && (result === undefined || this.apply(result));
    } catch {
      return false;
    } finally {
      this.isChecking = false;
    }
  }

  /** Reads the file. Returns undefined instead if its fingerprint has not changed and `mayTrustFingerprint` is set. */
  private async readIfChanged(mayTrustFingerprint: boolean): Promise<ReadResult | undefined> {
    const fingerprint = await stat(this.path, { bigint: true }).then(fingerprintOf, messageOf);
    const mayHaveChanged = this.updateFingerprint(fingerprint);
    if (mayTrustFingerprint && !mayHaveChanged && this.unconfirmedProblem === undefined) return undefined;
    try {
      return { text: await readRegularFile(this.path) };
    } catch (error) {
      return { problem: unreadableMessage(error, this.path) };
    }
  }

  /** Keeps the fingerprint. Returns whether the file may have changed since the last one. */
  private updateFingerprint(fingerprint: string): boolean {
    const now = performance.now();
    if (fingerprint === this.fingerprint) return now < this.uncertainUntilMs;
    this.fingerprint = fingerprint;
    this.uncertainUntilMs = now + COARSEST_CLOCK_MS;
    return true;
  }

  /** Puts the flags of the file in force, if they can be read. Returns whether they are in force. */
  private apply(result: ReadResult): boolean {
    if ('problem' in result) {
      this.reportIfRepeated(result.problem);
      return false;
    }
    let flags: FlagMap | undefined;
    try {
      if (result.text !== this.text) flags = this.parse(result.text);
    } catch (error) {
      this.reportIfRepeated(messageOf(error));
      return false;
    }
    this.text = result.text;
    this.unconfirmedProblem = undefined;
    this.reportedProblem = undefined;
    if (flags !== undefined) this.emit(flags);
    return true;
  }

  private emit(flags: FlagMap): void {
    callSafely(
      () => {
        this.onFlags(flags);
      },
      (error) => {
        this.report(messageOf(error));
      },
    );
  }

  /**
   * Reports a problem that two checks have found: during a write, a file is empty, incomplete or absent for a moment.
   */
  private reportIfRepeated(problem: string): void {
    if (this.unconfirmedProblem !== problem) {
      this.unconfirmedProblem = problem;
      return;
    }
    this.unconfirmedProblem = undefined;
    this.report(problem);
  }

  /** Reports a problem, once for as long as it lasts. */
  private report(problem: string): void {
    if (problem === this.reportedProblem) return;
    this.reportedProblem = problem;
    callSafely(() => {
      this.onProblem(`${problem} The flags stay as they were.`);
    });
  }

  private parse(text: string): FlagMap {
    try {
      return normalizeFlags(parseJsonText(text));
    } catch (error) {
      // The message of a syntax error begins with line and column.
      const separator = isErrorOf(error, FlagsShapeError) ? ': ' : ':';
      throw configurationError(`${this.path}${separator}${messageOf(error)}`);
    }
  }
}

function unreadableMessage(error: unknown, path: string): string {
  // A variable of the environment may hold the flags themselves.
  if (/[{[]\s*["}\]{]/.test(path))
    return 'the path of the flags file is JSON; give the parsed flags as an object: JSON.parse(…).';
  return `the flags file cannot be read: ${messageOf(error)}.`;
}

/** Returns a text that is equal while the file is the same. `ctime` also changes when a copy keeps the old `mtime`. */
function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

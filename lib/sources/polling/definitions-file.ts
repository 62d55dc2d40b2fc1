import { open, rename, rm, stat } from 'node:fs/promises';
import { messageOf } from '../../errors';
import { type FlagMap, isJsonObject } from '../../evaluation';
import { MAX_DEFINITIONS_BYTES } from '../../http';
import { withTimeLimit } from '../../runtime';
import { parseDefinitions } from './definitions-client';
import { versionOf } from './definitions-version';
import { draftPath, removeLeftovers } from './draft-files';
import { NewestWrite } from './newest-write';
import { readRegularFile } from '../regular-file';

const FORMAT = 1;
/** The file contains the definitions as a text in JSON, in which each quotation mark takes two bytes. */
const MAX_FILE_BYTES = 2 * MAX_DEFINITIONS_BYTES + 1024 * 1024;
/** The longest time in milliseconds that a start without Flagship waits for the file. */
const READ_LIMIT_MS = 5000;
/** The time in milliseconds after which a write is reported as failed: the disk is slow, or hangs. */
const WRITE_LIMIT_MS = 10_000;
/**
 * The longest wait in milliseconds of a closing application for the write under way, and of a write for the clean-up.
 */
const CLOSE_LIMIT_MS = 2000;
/** The longest time in milliseconds that a refresh waits for the write: the process may end right after the refresh. */
const SETTLE_LIMIT_MS = 250;

/** The definitions of a file. */
interface KeptDefinitions {
  readonly flags: FlagMap;
  /** Absent for definitions without an ETag. */
  readonly version: string | undefined;
}

/** Keeps the last definitions of Flagship in a file, for a start without Flagship. */
export class DefinitionsFile {
  private readonly writes = new NewestWrite();
  /** Counts calls of `open` and `close`. */
  private generation = 0;

  /**
   * @param origin The URL of the definitions, so that those of another app are refused.
   * @param onProblem Receives one sentence when definitions could not be kept.
   */
  constructor(
    private readonly path: string,
    private readonly origin: string,
    private readonly onProblem: (problem: string) => void,
  ) {}

  /** Removes the drafts of processes that were killed during a write. */
  open(): void {
    this.generation++;
    this.writes.run(() => withTimeLimit('definitionsCacheWrite', removeLeftovers(this.path), CLOSE_LIMIT_MS));
  }

  /**
   * Writes the definitions after the write under way, without blocking the caller. Newer definitions replace a waiting
   * write.
   *
   * @param version The version that answers carry, if the definitions have one.
   */
  keep(text: string, version: string | undefined): void {
    this.writes.run(async () => {
      const written = this.replaceFile(text, version);
      try {
        await withTimeLimit('definitionsCacheWrite', written, WRITE_LIMIT_MS);
      } catch (error) {
        this.onProblem(`The definitions could not be kept (option "definitionsCache"): ${messageOf(error)}`);
      }
      // A write that hangs blocks the next ones, which would hang too.
      await written.catch(() => undefined);
    });
  }

  /**
   * Returns the definitions in the file.
   *
   * @throws Error With the reason why there are none.
   */
  async read(): Promise<KeptDefinitions> {
    const text = await withTimeLimit(
      'definitionsCacheRead',
      readRegularFile(this.path, MAX_FILE_BYTES),
      READ_LIMIT_MS,
    );
    const content: unknown = JSON.parse(text);
    if (!isJsonObject(content) || content.format !== FORMAT || typeof content.definitions !== 'string') {
      throw new Error('it is not a file of kept definitions');
    }
    if (content.origin !== this.origin) throw new Error('it holds the definitions of another app');
    return { flags: parseDefinitions(content.definitions), version: versionOf(content.version) };
  }

  /** Resolves when all definitions are written, or after the time that a healthy disk needs. Never rejects. */
  untilWritten(): Promise<void> {
    return this.waitForWrites(SETTLE_LIMIT_MS);
  }

  /** Waits for the write under way, within a limit, so that it leaves no draft. Never rejects. */
  async close(): Promise<void> {
    const generation = ++this.generation;
    await this.waitForWrites(CLOSE_LIMIT_MS);
    // A closed source must not write later, unless it was opened again.
    if (generation === this.generation) this.writes.dropWaiting();
  }

  private waitForWrites(limitMs: number): Promise<void> {
    return withTimeLimit('definitionsCacheIdle', this.writes.idle, limitMs).catch(() => undefined);
  }

  /** Replaces the file by renaming a draft, so that no reader finds a part of it. Only the file's owner may read it. */
  private async replaceFile(text: string, version: string | undefined): Promise<void> {
    await expectReplaceable(this.path);
    const draft = draftPath(this.path);
    const content = JSON.stringify({ format: FORMAT, origin: this.origin, version, definitions: text });
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, this.path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}

/** Throws for a device such as `/dev/null` and for a FIFO, which must not be replaced by a file. */
async function expectReplaceable(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() === false) throw new Error(`"${path}" is not a regular file`);
}

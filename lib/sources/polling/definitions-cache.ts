import { open, rename, rm, stat } from 'node:fs/promises';
import { messageOf } from '../../errors';
import { type FlagMap, isObject } from '../../evaluation';
import { MAX_DEFINITIONS_BYTES } from '../../http';
import { limited } from '../../runtime';
import { parseDefinitions } from './definitions-client';
import { draftOf, removeLeftovers } from './draft-files';
import { NewestWrite } from './newest-write';
import { readRegularFile } from '../regular-file';

const FORMAT = 1;
/** Definitions as a JSON text within JSON: each quotation mark takes two bytes there. */
const MAX_FILE_BYTES = 2 * MAX_DEFINITIONS_BYTES + 1024 * 1024;
/** How long a start waits for the file when Flagship is away. */
const READ_LIMIT_MS = 5000;
/** How long a write may take before it is reported: the disk is slow, or hangs. */
const WRITE_LIMIT_MS = 10_000;
/** How long a closing application waits for the write under way, and a write for the clean-up before it. */
const CLOSE_LIMIT_MS = 2000;
/** How long a refresh that has put its flags in force waits for the write: a process may end right after it. */
const SETTLE_LIMIT_MS = 250;

/** The last good definitions in a file, for a start without Flagship. */
export class DefinitionsCache {
  private readonly writes = new NewestWrite();
  /** Counts openings and closings. */
  private generation = 0;

  /**
   * @param path The file.
   * @param origin The URL the definitions come from: another app's are of no use.
   * @param onProblem Told, in one sentence, why definitions could not be kept.
   */
  constructor(
    private readonly path: string,
    private readonly origin: string,
    private readonly onProblem: (problem: string) => void,
  ) {}

  /** Cleans up after processes that were killed while they wrote. */
  open(): void {
    this.generation++;
    this.writes.run(() => limited('definitionsCacheWrite', removeLeftovers(this.path), CLOSE_LIMIT_MS));
  }

  /** Writes the definitions without making anything wait: the newest ones, when the write under way has ended. */
  keep(text: string): void {
    this.writes.run(async () => {
      const written = this.write(text);
      try {
        await limited('definitionsCacheWrite', written, WRITE_LIMIT_MS);
      } catch (error) {
        this.onProblem(`The definitions could not be kept (option "definitionsCache"): ${messageOf(error)}`);
      }
      // A write that hangs keeps its place: the next one would hang beside it.
      await written.catch(() => undefined);
    });
  }

  /** The definitions of the last good download, or why there are none. */
  async read(): Promise<FlagMap> {
    const text = await limited(
      'definitionsCacheRead',
      readRegularFile(this.path, MAX_FILE_BYTES),
      READ_LIMIT_MS,
    );
    const content: unknown = JSON.parse(text);
    if (!isObject(content) || content.format !== FORMAT || typeof content.definitions !== 'string') {
      throw new Error('it is not a file of kept definitions');
    }
    if (content.origin !== this.origin) throw new Error('it holds the definitions of another app');
    return parseDefinitions(content.definitions);
  }

  /** Resolves when what was to be kept is written, or a healthy disk would have done so. Never rejects. */
  settled(): Promise<void> {
    return this.waitForWrites(SETTLE_LIMIT_MS);
  }

  /** Waits a little for the write under way, so that it leaves no draft. Never rejects. */
  async close(): Promise<void> {
    const generation = ++this.generation;
    await this.waitForWrites(CLOSE_LIMIT_MS);
    // A closed source must not write later on, unless it was opened again.
    if (generation === this.generation) this.writes.forget();
  }

  private waitForWrites(limitMs: number): Promise<void> {
    return limited('definitionsCacheIdle', this.writes.idle, limitMs).catch(() => undefined);
  }

  /** Replaces the file as a whole, so that no reader finds half of it; only its owner may read it. */
  private async write(text: string): Promise<void> {
    await expectReplaceable(this.path);
    const draft = draftOf(this.path);
    const content = JSON.stringify({ format: FORMAT, origin: this.origin, definitions: text });
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

/** A device such as `/dev/null`, or a FIFO, must not be replaced by a file. */
async function expectReplaceable(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() === false) throw new Error(`"${path}" is not a regular file`);
}

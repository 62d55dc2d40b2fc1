import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isObject } from '../evaluation';
import { parseDefinitions } from './definitions-client';
import { type FlagMap } from './flags-file';

const FORMAT = 1;

/** The last good definitions in a file, for a start without Flagship. */
export class DefinitionsCache {
  /**
   * @param path The file.
   * @param origin The URL the definitions come from: another app's are of no use.
   */
  constructor(
    private readonly path: string,
    private readonly origin: string,
  ) {}

  /** Replaces the file as a whole, so that nobody ever reads half of it; only its owner may read it. */
  async write(text: string): Promise<void> {
    const draft = `${this.path}.${randomBytes(6).toString('hex')}.tmp`;
    const content = JSON.stringify({ format: FORMAT, origin: this.origin, definitions: text });
    try {
      await writeFile(draft, content, { mode: 0o600, flush: true });
      await rename(draft, this.path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  /** The definitions of the last good download, or why there are none. */
  async read(): Promise<FlagMap> {
    const content: unknown = JSON.parse(await readFile(this.path, 'utf8'));
    if (!isObject(content) || content.format !== FORMAT || typeof content.definitions !== 'string') {
      throw new Error('it is not a file of kept definitions');
    }
    if (content.origin !== this.origin) throw new Error('it holds the definitions of another app');
    return parseDefinitions(content.definitions);
  }
}

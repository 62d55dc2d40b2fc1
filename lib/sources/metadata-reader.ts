import { flagSetMetadata, mergeMetadata, readMetadata } from '../evaluation';
import { LogLimit } from '../logging';
import { type FlagMetadata } from '../types';
import { metadataWarning } from './report-malformed';
import { type SourceListener } from './flag-source';

/** Reads the metadata of single answers, which Flagship, a binding or a shared store sends with each of them. */
export class MetadataReader {
  /** The metadata of every answer, such as the ID of the app. */
  readonly flagSet: FlagMetadata | undefined;
  private readonly limit = new LogLimit();

  /** @param flagSetId The app's ID, where it is known. */
  constructor(
    flagSetId: string | undefined,
    private readonly listener: Pick<SourceListener, 'warn'>,
  ) {
    this.flagSet = flagSetMetadata(flagSetId);
  }

  /**
   * Returns the metadata of an answer and of the app. What is not accepted is dropped, with one warning a minute; it
   * never fails the answer.
   *
   * @param redactText Removes the private values of the request from a text of the answer, which the warning may quote.
   */
  read(
    flagKey: string,
    given: unknown,
    redactText: (text: string) => string = String,
  ): FlagMetadata | undefined {
    const { metadata, problem } = readMetadata(given);
    if (problem !== undefined) {
      const line = this.limit.admit(metadataWarning({ flagKey, problem: redactText(problem) }));
      if (line !== undefined) this.listener.warn(line);
    }
    return mergeMetadata(this.flagSet, metadata);
  }
}

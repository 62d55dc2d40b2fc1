/**
 * The largest evaluation response that is read, in bytes. Flagship limits a value to 10 KB. Parsing a megabyte of
 * nested brackets would block the process for a tenth of a second.
 */
export const MAX_RESPONSE_BYTES = 128 * 1024;

/** The largest definitions response that is read, in bytes. Flagship limits it to 25 MB. */
export const MAX_DEFINITIONS_BYTES = 32 * 1024 * 1024;

/** A time limit in milliseconds, and the option that set it. */
export interface TimeLimit {
  readonly option: 'timeout' | 'deadline';
  readonly value: number;
}

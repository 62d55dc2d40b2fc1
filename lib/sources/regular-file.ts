import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { MAX_DEFINITIONS_BYTES } from '../http';

/**
 * Without O_NONBLOCK, opening a FIFO waits for its other end, and with it the whole process. Windows knows neither of
 * these two.
 */
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants.O_NONBLOCK as number | undefined) ?? 0) |
  ((constants.O_NOCTTY as number | undefined) ?? 0);

/**
 * Reads a regular file at once. Refuses what is none (a FIFO, a device, a directory) without waiting for it.
 *
 * @throws Error Why it cannot be read.
 */
export function readRegularFileSync(path: string, maxBytes = MAX_DEFINITIONS_BYTES): string {
  const descriptor = openSync(path, OPEN_FLAGS);
  try {
    expectRegular(fstatSync(descriptor), path, maxBytes);
    return expectShort(readFileSync(descriptor, 'utf8'), path, maxBytes);
  } finally {
    closeSync(descriptor);
  }
}

/** As {@link readRegularFileSync}, without holding up the process. A hanging file system makes it hang: limit the wait. */
export async function readRegularFile(path: string, maxBytes = MAX_DEFINITIONS_BYTES): Promise<string> {
  const file = await open(path, OPEN_FLAGS);
  try {
    expectRegular(await file.stat(), path, maxBytes);
    return expectShort(await file.readFile('utf8'), path, maxBytes);
  } finally {
    await file.close();
  }
}

function expectRegular(stats: Stats, path: string, maxBytes: number): void {
  if (!stats.isFile()) throw new Error(`"${path}" is ${kindOf(stats)}, not a regular file`);
  expectSmall(stats.size, path, maxBytes);
}

/** Checked again once it is read: it may have grown, and the files of `/proc` say that they are empty. */
function expectShort(text: string, path: string, maxBytes: number): string {
  expectSmall(text.length, path, maxBytes);
  return text;
}

function expectSmall(size: number, path: string, maxBytes: number): void {
  if (size > maxBytes) throw new Error(`"${path}" is larger than ${maxBytes} bytes`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory (EISDIR)';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { MAX_DEFINITIONS_BYTES } from '../http';

/**
 * Without `O_NONBLOCK`, opening a FIFO blocks the whole process until its other end is opened. Windows does not define
 * `O_NONBLOCK` and `O_NOCTTY`.
 */
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants.O_NONBLOCK as number | undefined) ?? 0) |
  ((constants.O_NOCTTY as number | undefined) ?? 0);

/**
 * Reads a regular file synchronously. Refuses a FIFO, a device and a directory without waiting for them.
 *
 * @returns The content as text.
 * @throws Error With the reason why the file cannot be read.
 */
export function readRegularFileSync(path: string, maxBytes = MAX_DEFINITIONS_BYTES): string {
  const descriptor = openSync(path, OPEN_FLAGS);
  try {
    expectRegular(fstatSync(descriptor), path, maxBytes);
    return expectSmallText(decodeText(readFileSync(descriptor)), path, maxBytes);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads a regular file as {@link readRegularFileSync} does, without blocking the process. On a file system that hangs
 * it never settles, so callers limit the wait.
 */
export async function readRegularFile(path: string, maxBytes = MAX_DEFINITIONS_BYTES): Promise<string> {
  const file = await open(path, OPEN_FLAGS);
  try {
    expectRegular(await file.stat(), path, maxBytes);
    return expectSmallText(decodeText(await file.readFile()), path, maxBytes);
  } finally {
    await file.close();
  }
}

/** Decodes UTF-8, and UTF-16 with a byte order mark, in which the `>` of Windows PowerShell writes files. */
function decodeText(bytes: Buffer): string {
  const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE(0);
  if (mark === 0xfffe) return bytes.toString('utf16le');
  return mark === 0xfeff
    ? new TextDecoder('utf-16be', { ignoreBOM: true }).decode(bytes)
    : bytes.toString('utf8');
}

function expectRegular(stats: Stats, path: string, maxBytes: number): void {
  if (!stats.isFile()) throw new Error(`"${path}" is ${fileType(stats)}, not a regular file`);
  expectSmall(stats.size, path, maxBytes);
}

/** Checks the size again after reading: the file may have grown, and files of `/proc` have size 0. */
function expectSmallText(text: string, path: string, maxBytes: number): string {
  expectSmall(text.length, path, maxBytes);
  return text;
}

function expectSmall(size: number, path: string, maxBytes: number): void {
  if (size > maxBytes) throw new Error(`"${path}" is larger than ${maxBytes} bytes`);
}

function fileType(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory (EISDIR)';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

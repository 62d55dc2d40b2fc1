import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { wallClockMs } from '../../runtime';

/** From this age on a draft is a leftover, whoever has written it: a write takes seconds. */
const MAX_AGE_MS = 60 * 60 * 1000;
/** What a draft's name has after the file's: host, process and a random number; once it was the number alone. */
const ENDING = /^\.(?:([0-9a-f]{8})-(\d+)-)?[0-9a-f]{12}\.tmp$/;

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** A new name beside the file, for what is to take its place. */
export function draftOf(path: string): string {
  return `${path}.${host}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
}

/** Removes the drafts that processes which have ended left beside the file: one that is killed cannot clean up. */
export async function removeLeftovers(path: string): Promise<void> {
  const [folder, file] = [dirname(path), basename(path)];
  for (const name of await readdir(folder)) {
    const ending = name.startsWith(file) ? ENDING.exec(name.slice(file.length)) : null;
    if (ending === null) continue;
    const draft = join(folder, name);
    try {
      if (isLeftover(ending[1], Number(ending[2]), (await stat(draft)).mtimeMs))
        await rm(draft, { force: true });
    } catch {
      // Another process has removed it meanwhile, or it is not ours to remove.
    }
  }
}

function isLeftover(writerHost: string | undefined, pid: number, writtenAtMs: number): boolean {
  const now = wallClockMs();
  if (now - writtenAtMs > MAX_AGE_MS) return true;
  // Whether a process of another host or container still runs cannot be known.
  if (writerHost !== host) return false;
  // In a container each process has the number of the one before it.
  return pid === process.pid ? writtenAtMs < now - process.uptime() * 1000 : !isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of another user's may not be signalled, but is there.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

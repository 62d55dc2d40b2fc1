import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { wallClockMs } from '../../runtime';

/** From this age on, a draft of any process is a leftover, because a write takes seconds. */
const MAX_AGE_MS = 60 * 60 * 1000;
/**
 * The end of a draft's name after that of the file: host, process and a random number; in older versions the number
 * alone.
 */
const DRAFT_SUFFIX = /^\.(?:([0-9a-f]{8})-(\d+)-)?[0-9a-f]{12}\.tmp$/;

const HOST_ID = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** Returns a new path in the folder of the file, for the draft that will replace the file. */
export function draftPath(path: string): string {
  return `${path}.${HOST_ID}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
}

/** Removes the drafts beside the file that were left by processes which were killed during a write. */
export async function removeLeftovers(path: string): Promise<void> {
  const [folder, file] = [dirname(path), basename(path)];
  for (const name of await readdir(folder)) {
    const ending = name.startsWith(file) ? DRAFT_SUFFIX.exec(name.slice(file.length)) : null;
    if (ending === null) continue;
    const draft = join(folder, name);
    try {
      if (isLeftover(ending[1], Number(ending[2]), (await stat(draft)).mtimeMs))
        await rm(draft, { force: true });
    } catch {
      // Another process has removed it meanwhile, or this process may not remove it.
    }
  }
}

function isLeftover(writerHost: string | undefined, pid: number, writtenAtMs: number): boolean {
  const now = wallClockMs();
  if (now - writtenAtMs > MAX_AGE_MS) return true;
  // A process of another host or container may still run.
  if (writerHost !== HOST_ID) return false;
  // In a container, the process after a restart has the same id as the one before.
  return pid === process.pid ? writtenAtMs < now - process.uptime() * 1000 : !isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process runs, but belongs to another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

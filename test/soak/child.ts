import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { within } from '../fixtures/within';

const LIMIT = 20_000;

/** A process of this run's own. */
export interface Child<Ready> {
  readonly ready: Ready;
  ask<Answer>(question: unknown): Promise<Answer>;
  /** Lets go of it; resolves to its exit code, or to undefined when it had to be killed. */
  release(limit: number): Promise<number | undefined>;
}

/** Starts a file beside this one and waits for its first message. */
export async function startChild<Ready>(file: string, args: readonly string[]): Promise<Child<Ready>> {
  const child = fork(join(__dirname, file), args);
  const death = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} has ended with code ${String(code)}.`);
  });
  death.catch(() => undefined);
  // One question at a time: answers carry no number.
  let last: Promise<unknown> = Promise.resolve();
  const answer = async (): Promise<unknown> =>
    (await within(LIMIT, Promise.race([once(child, 'message'), death])))[0];
  const ask = (question: unknown): Promise<unknown> => {
    last = last.then(() => {
      const answered = answer();
      child.send(question as object);
      return answered;
    });
    return last;
  };
  return {
    ready: (await answer()) as Ready,
    ask: ask as Child<Ready>['ask'],
    release: (limit) => release(child, limit),
  };
}

async function release(child: ChildProcess, limit: number): Promise<number | undefined> {
  const exit = once(child, 'exit');
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), limit);
  const [code] = (await exit) as [number | null];
  clearTimeout(timer);
  return code ?? undefined;
}

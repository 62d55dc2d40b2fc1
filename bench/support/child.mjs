import { fork } from 'node:child_process';
import { once } from 'node:events';

const CHILDREN = new URL('../children/', import.meta.url);
const START_LIMIT = 20_000;
const STOP_LIMIT = 2_000;

/** Everything this run has started and not yet ended. */
const running = new Set();

/**
 * Starts a module in a process of its own and waits for its first message.
 *
 * @param name Of a file in `children/`, or the URL of one elsewhere.
 */
export async function startChild(name, args = [], execArgv = [], limit = START_LIMIT) {
  const child = fork(new URL(name, CHILDREN), args, {
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  running.add(child);
  const [ready] = await within(limit, `${name} did not start`, [
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`${name} ended with code ${code} before it was ready`);
    }),
  ]);
  return { ...ready, ask: (question, patience) => ask(child, question, patience), stop: () => stop(child) };
}

/** Ends whatever is still running. */
export async function stopChildren() {
  await Promise.all([...running].map(stop));
}

async function ask(child, question, limit = START_LIMIT) {
  const answer = once(child, 'message');
  child.send(question);
  return (await within(limit, 'a child did not answer', [answer]))[0];
}

async function stop(child) {
  if (!running.delete(child) || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
  await exit;
  clearTimeout(timer);
}

async function within(limit, problem, promises) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${problem} within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([...promises, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

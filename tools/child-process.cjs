// @ts-check
// Node processes that talk to their parent over IPC, as the parent sees them. `child-side.cjs` is the other side.
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { within } = require('./waiting.cjs');

const ANSWER_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;

/**
 * @typedef {object} StartOptions
 * @property {readonly string[]} [args]
 * @property {string[]} [execArgv] Node's own arguments; by default those of this process.
 * @property {Readonly<Record<string, string>>} [env] Added to the variables of this process.
 * @property {number} [limitMs] How long the process may take to become ready.
 */

/**
 * @template Ready
 * @typedef {object} Child
 * @property {Ready} ready The first message.
 * @property {<Answer>(question: unknown, limitMs?: number) => Promise<Answer>} ask Sends a question and resolves with
 *   its answer. Questions are sent one at a time, because answers carry no number.
 * @property {(limitMs?: number) => Promise<number | undefined>} stop Disconnects, and resolves with the exit code, or
 *   undefined when the process did not end within the limit and was killed.
 */

/** @type {Set<{ stop(): Promise<unknown> }>} */
const running = new Set();

/**
 * Starts a module in a process of its own and waits for its first message.
 *
 * @template Ready
 * @param {string | URL} file
 * @param {StartOptions} [options]
 * @returns {Promise<Child<Ready>>}
 */
async function startChild(
  file,
  { args = [], execArgv = process.execArgv, env, limitMs = ANSWER_LIMIT_MS } = {},
) {
  const child = fork(file, args, {
    env: { ...process.env, ...env },
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exit = once(child, 'exit');
  const failure = exit.then(([code, signal]) => {
    throw new Error(`${file} has ended with ${signal ?? `code ${code}`}.`);
  });
  failure.catch(() => undefined);

  /** @param {number} limit */
  const nextMessage = async (limit) => {
    const late = () => new Error(`${file} did not answer within ${limit} ms.`);
    const [message] = await within(limit, Promise.race([once(child, 'message'), failure]), late);
    return message;
  };
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  const handle = {
    /** @type {Child<Ready>['ask']} */
    ask: (question, limit = ANSWER_LIMIT_MS) => {
      const answered = last.then(() => {
        const answer = nextMessage(limit);
        child.send(/** @type {import('node:child_process').Serializable} */ (question));
        return answer;
      });
      last = answered.catch(() => undefined);
      return answered;
    },
    stop: async (limit = STOP_LIMIT_MS) => {
      running.delete(handle);
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), limit);
      const [code] = await exit;
      clearTimeout(timer);
      return /** @type {number | undefined} */ (code ?? undefined);
    },
  };
  running.add(handle);
  return { ready: await nextMessage(limitMs), ...handle };
}

/** Stops every process that was started here and is still running. */
async function stopChildren() {
  await Promise.all([...running].map((child) => child.stop()));
}

module.exports = { startChild, stopChildren };

// @ts-check
// Open-loop load: tasks start at fixed times, whether or not earlier ones have ended, so that a system under test which
// stalls does not slow down the load.
const { clearInterval, setInterval } = require('node:timers');

const TICK_MS = 1;

/**
 * Starts a task at a fixed rate. A task that could not be started in time is told when it was due: its latency counts
 * from then, otherwise a process that stands still would look fast.
 *
 * @param {number} perSecond
 * @param {(dueMs: number) => void} start Receives the time of `performance.now()` at which the task was due.
 * @param {number} [count] How many tasks to start; without it, until `stop` is called.
 * @returns {{ readonly finished: Promise<void>, readonly stop: () => void }} `finished` resolves once the last task has started.
 */
function startAtFixedRate(perSecond, start, count = Infinity) {
  const begin = performance.now();
  let started = 0;
  /** @type {() => void} */
  let stop = () => undefined;
  /** @type {Promise<void>} */
  const finished = new Promise((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      for (; started < count; started++) {
        const due = begin + (started * 1000) / perSecond;
        if (due > now) return;
        start(due);
      }
      stop();
    }, TICK_MS);
    stop = () => {
      clearInterval(timer);
      resolve();
    };
  });
  return { finished, stop };
}

module.exports = { startAtFixedRate };

// @ts-check
// Waits with a limit, for tests, benchmarks and the checks of consumers. A limit only ends a run that hangs, so it is
// generous: on a busy machine, what must happen may happen late.
const { setTimeout: pause } = require('node:timers/promises');

const LIMIT_MS = 30_000;
const PAUSE_MS = 10;

/**
 * Settles like the promise. Rejects if that takes longer than the limit.
 *
 * @template T
 * @param {number} limitMs
 * @param {Promise<T>} promise
 * @param {() => Error} [createError] Creates the error for a promise that hangs.
 * @returns {Promise<T>}
 */
async function within(limitMs, promise, createError = () => new Error(`Not settled within ${limitMs} ms.`)) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(createError()), limitMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Calls a condition until it returns true. Rejects if it has not done so within the limit.
 *
 * @param {() => boolean | Promise<boolean>} condition
 * @param {string} what Names the condition in the error.
 * @param {number} [limitMs]
 * @returns {Promise<void>}
 */
async function waitUntil(condition, what, limitMs = LIMIT_MS) {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await pause(PAUSE_MS);
  }
}

module.exports = { within, waitUntil };

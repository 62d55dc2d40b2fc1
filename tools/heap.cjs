// @ts-check
// The size of the heap, for processes that measure what an object or an application keeps alive.

/** Objects with a finalizer are only collected one round later. */
const COLLECTIONS = 3;

/**
 * Collects garbage and returns how many bytes of the heap are still in use.
 *
 * @returns {number}
 * @throws {Error} When the process was started without `--expose-gc`.
 */
function usedHeap() {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('The process must be started with --expose-gc.');
  for (let count = 0; count < COLLECTIONS; count++) gc();
  return process.memoryUsage().heapUsed;
}

module.exports = { usedHeap };

// @ts-check
// Statistics of measurements, for benchmarks and the soak test.

/** @param {readonly number[]} numbers */
const sorted = (numbers) => [...numbers].sort((one, other) => one - other);

/**
 * Returns the median, which for an even count is the mean of the two numbers in the middle; 0 for no numbers.
 *
 * @param {readonly number[]} numbers
 * @returns {number}
 */
function median(numbers) {
  const list = sorted(numbers);
  const middle = list.length >> 1;
  const upper = list[middle] ?? 0;
  return list.length % 2 === 1 ? upper : (upper + (list[middle - 1] ?? 0)) / 2;
}

/**
 * Returns a percentile by the nearest-rank method; 0 for no numbers.
 *
 * @param {readonly number[]} numbers
 * @param {number} percent From 0 to 100.
 * @returns {number}
 */
function percentile(numbers, percent) {
  const rank = Math.max(1, Math.ceil((numbers.length * percent) / 100));
  return sorted(numbers)[rank - 1] ?? 0;
}

module.exports = { median, percentile };

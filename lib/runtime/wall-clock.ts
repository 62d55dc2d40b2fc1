/**
 * Returns the time of day in milliseconds since 1970, for display and for comparison with the clock of another machine.
 * Durations are measured with `performance.now()`, because the wall clock can be set back.
 */
export function wallClockMs(): number {
  return Date.now();
}

/**
 * The time of day in milliseconds since 1970, for what is shown to people or compared with another machine's clock.
 * Durations are measured with `performance.now()`: the wall clock can be set back.
 */
export function wallClockMs(): number {
  return Date.now();
}

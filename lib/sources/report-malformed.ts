import { type MalformedFlag, quoted } from '../evaluation';
import { callSafely } from '../runtime';

/** How many malformed flags of one version of the definitions are named. */
const MAX_REPORTED = 10;

/**
 * Reports malformed flags: which, where and what becomes of them; and not thousands of them.
 *
 * @param outcomeOf Says what becomes of a flag.
 * @param report Told of each; what it throws is dropped.
 */
export function reportMalformed(
  problems: readonly MalformedFlag[],
  outcomeOf: (flagKey: string) => string,
  report: (problem: string) => void,
): void {
  const lines = problems
    .slice(0, MAX_REPORTED)
    .map(
      ({ flagKey, message }) => `Flag ${quoted(flagKey)} is malformed at ${message} (${outcomeOf(flagKey)}).`,
    );
  if (problems.length > MAX_REPORTED)
    lines.push(`${problems.length - MAX_REPORTED} more flags are malformed.`);
  for (const line of lines) {
    callSafely(() => {
      report(line);
    });
  }
}

import { type MalformedFlag, quoted } from '../evaluation';

/** How many malformed flags of one version of the definitions are named. */
const MAX_TOLD = 10;

/**
 * Reports malformed flags: which, where and what becomes of them; and not thousands of them.
 *
 * @param outcomeOf Says what becomes of a flag.
 */
export function tellMalformed(
  problems: readonly MalformedFlag[],
  outcomeOf: (flagKey: string) => string,
  report: (problem: string) => void,
): void {
  for (const { flagKey, message } of problems.slice(0, MAX_TOLD)) {
    report(`Flag ${quoted(flagKey)} is malformed at ${message} (${outcomeOf(flagKey)}).`);
  }
  if (problems.length > MAX_TOLD) report(`${problems.length - MAX_TOLD} more flags are malformed.`);
}

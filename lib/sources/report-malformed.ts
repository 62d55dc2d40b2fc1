import { type MalformedFlag, type MetadataProblem, quoted } from '../evaluation';
import { callSafely } from '../runtime';

/** The number of flags that are named. Definitions may contain thousands. */
const MAX_REPORTED = 10;

/**
 * Reports malformed flags: each flag, the malformed part, and how the flag is evaluated from now on.
 *
 * @param outcomeOf Returns how the flag is evaluated, as a clause.
 * @param report Receives one sentence for each flag. What it throws is dropped.
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
  reportLines(lines, report);
}

/** Returns the sentence about metadata that is dropped. */
export function metadataWarning({ flagKey, problem }: MetadataProblem): string {
  return `The metadata of flag ${quoted(flagKey)} ${problem}; what is not accepted is dropped.`;
}

/** Reports metadata that is dropped, as {@link reportMalformed} reports flags. */
export function reportMetadata(
  problems: readonly MetadataProblem[],
  report: (problem: string) => void,
): void {
  const lines = problems.slice(0, MAX_REPORTED).map(metadataWarning);
  if (problems.length > MAX_REPORTED)
    lines.push(`${problems.length - MAX_REPORTED} more flags have metadata that is not accepted.`);
  reportLines(lines, report);
}

function reportLines(lines: readonly string[], report: (problem: string) => void): void {
  for (const line of lines) {
    callSafely(() => {
      report(line);
    });
  }
}

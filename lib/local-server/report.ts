import { messageOf } from '../errors';
import { logLine, printProblem } from '../logging';
import { callSafely } from '../runtime';

/** Tells a person of a problem; never throws. */
export type Report = (problem: string) => void;

function onConsole(problem: string): void {
  printProblem(`[local Flagship] ${logLine(problem)}`);
}

/** The option `report` with a net: the problem that it fails to tell goes to the console. */
export function safeReport(report: (problem: string) => unknown = onConsole): Report {
  return (problem) => {
    callSafely(
      () => report(problem),
      (error) => {
        onConsole(`${problem} (The option "report" has failed: ${messageOf(error)})`);
      },
    );
  };
}

import { messageOf } from '../errors';
import { logLine, printProblem } from '../logging';
import { callSafely } from '../runtime';

/** Reports a problem to the developer; never throws. */
export type Report = (problem: string) => void;

function onConsole(problem: string): void {
  printProblem(`[local Flagship] ${logLine(problem)}`);
}

/** Wraps the option `report`: if the function throws or rejects, the problem is written to the console. */
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

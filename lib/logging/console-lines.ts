import { logLine } from './log-line';

const lines = (text: string): string => text.split('\n').map(logLine).join('\n');

/** Prints a text of this package's, which may have several lines. */
export function print(text: string): void {
  console.log(lines(text));
}

/** Prints one problem to the standard error output. */
export function printProblem(problem: string): void {
  console.error(lines(problem));
}

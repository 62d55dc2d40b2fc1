import { logLine } from './log-line';

const escapeLines = (text: string): string => text.split('\n').map(logLine).join('\n');

/** Prints a text, which may have several lines, to the standard output. */
export function print(text: string): void {
  console.log(escapeLines(text));
}

/** Prints a problem, which may have several lines, to the standard error output. */
export function printProblem(problem: string): void {
  console.error(escapeLines(problem));
}

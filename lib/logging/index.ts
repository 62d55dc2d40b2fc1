export { print, printProblem } from './console-lines';
export { FlagshipLogger, framesOf } from './flagship-logger';
export { logLine } from './log-line';
export { writeSafely } from './write-safely';

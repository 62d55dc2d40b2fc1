export { print, printProblem } from './console-lines';
export { HIDDEN, withoutCredentials } from './credentials';
export { FlagshipLogger, framesOf } from './flagship-logger';
export { logLine } from './log-line';
export { writeSafely } from './write-safely';

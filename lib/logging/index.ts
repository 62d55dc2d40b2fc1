export { print, printProblem } from './console-lines';
export { HIDDEN, withoutCredentials } from './credentials';
export { FlagshipLogger, framesOf } from './flagship-logger';
export { logLine } from './log-line';
export { LogLimit } from './log-limit';
export { writeSafely } from './write-safely';

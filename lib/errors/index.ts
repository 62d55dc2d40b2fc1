export { configurationError, describeValue } from './configuration-error';
export { FlagshipError } from './flagship-error';
export { FlagshipErrorCode } from './flagship-error-code';
export { LogLimit } from './log-limit';
export { isErrorOf } from './is-error-of';
export { messageOf } from './message-of';
export { UnavailableError } from './unavailable-error';
export { DefinitiveError } from './definitive-error';

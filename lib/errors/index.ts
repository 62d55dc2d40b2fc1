export { configurationError, shown } from './configuration-error';
export { FlagshipError } from './flagship-error';
export { FlagshipErrorCode } from './flagship-error-code';
export { messageOf } from './message-of';

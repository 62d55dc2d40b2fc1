export { configurationError, describeValue } from './configuration-error';
export { DefinitiveError, FlagshipError, UnavailableError } from './flagship-error';
export { FlagshipErrorCode } from './flagship-error-code';
export { isErrorOf, messageOf } from './thrown-values';

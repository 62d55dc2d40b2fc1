export { configurationError, describeValue } from './configuration-error';
export { DefinitiveError, FlagshipError, UnavailableError } from './flagship-error';
export { FlagshipErrorCode } from './flagship-error-code';
export { expectModule, missingModuleError } from './missing-module';
export { isErrorOf, messageOf } from './thrown-values';

export { type FlagsInput } from '../options';
export { type LocalFlagship, type LocalFlagshipOptions } from './local-options';
export { startLocalFlagship } from './start-local-flagship';

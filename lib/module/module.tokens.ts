/** Injection token of the module's {@link ModuleId}. */
export const MODULE_ID = Symbol('FLAGSHIP_MODULE_ID');

/** Injection token of the provider's registration with OpenFeature. */
export const PROVIDER_REGISTRATION = Symbol('FLAGSHIP_PROVIDER_REGISTRATION');

/** Injection token of the module's OpenFeature client. */
export const MODULE_CLIENT = Symbol('FLAGSHIP_MODULE_CLIENT');

/** Injection token of the module's `FlagService`, whatever its domain. */
export const MODULE_FLAGS = Symbol('FLAGSHIP_MODULE_FLAGS');

/** Injection token of the module's {@link CleanupStack}. */
export const CLEANUP_STACK = Symbol('FLAGSHIP_CLEANUP_STACK');

/** Injection token of what is known of a module before its options are. */
export const MODULE_ID = Symbol('FLAGSHIP_IDENTITY');

/** Injection token of the provider's registration with OpenFeature. */
export const PROVIDER_REGISTRATION = Symbol('FLAGSHIP_BINDING');

/** Injection token of the module's own OpenFeature client. */
export const MODULE_CLIENT = Symbol('FLAGSHIP_CLIENT');

/** Injection token of the module's own `FlagService`. */
export const MODULE_FLAGS = Symbol('FLAGSHIP_FLAGS');

/** Injection token of what ends with the module. */
export const CLEANUP_STACK = Symbol('FLAGSHIP_LIFETIME');

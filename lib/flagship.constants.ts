/** Injection token of what is known of a module before its options are. */
export const FLAGSHIP_IDENTITY = Symbol('FLAGSHIP_IDENTITY');

/** Injection token of the provider's registration with OpenFeature. */
export const FLAGSHIP_BINDING = Symbol('FLAGSHIP_BINDING');

/** Injection token of the module's own OpenFeature client. */
export const FLAGSHIP_CLIENT = Symbol('FLAGSHIP_CLIENT');

/** Injection token of the module's own `FlagService`. */
export const FLAGSHIP_FLAGS = Symbol('FLAGSHIP_FLAGS');

/** Injection token of what ends with the module. */
export const FLAGSHIP_LIFETIME = Symbol('FLAGSHIP_LIFETIME');

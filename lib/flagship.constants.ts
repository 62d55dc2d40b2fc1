/** Injection token of the domain that the module is registered under. */
export const FLAGSHIP_DOMAIN = Symbol('FLAGSHIP_DOMAIN');

/** Injection token of the provider's registration with OpenFeature. */
export const FLAGSHIP_BINDING = Symbol('FLAGSHIP_BINDING');

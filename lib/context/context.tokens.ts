/** Injection token of the module's options, checked and complete. */
export const RESOLVED_OPTIONS = Symbol('FLAGSHIP_RESOLVED_OPTIONS');

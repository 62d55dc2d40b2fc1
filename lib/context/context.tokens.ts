/** The injection token of a module's options, validated and with defaults applied. */
export const RESOLVED_OPTIONS = Symbol('FLAGSHIP_RESOLVED_OPTIONS');

/** The injection token of the shop's mode. */
export const FLAGSHIP_MODE = Symbol('FLAGSHIP_MODE');

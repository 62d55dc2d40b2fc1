/** Under which the shop's mode is injected. */
export const FLAGSHIP_MODE = Symbol('FLAGSHIP_MODE');

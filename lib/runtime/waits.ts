/**
 * Every wait for something that this package does not control: a function of the application's, a disk, a network. Each
 * has a limit (see {@link limited}); `test/faults/waits.spec.ts` makes each of them hang and sees the limit hold.
 */
export const WAITS = {
  contextFactory: 'option "contextFactory"',
  evaluation: 'evaluation of a flag',
  hook: 'hook',
} as const;

/** The name of a wait. */
export type WaitName = keyof typeof WAITS;

/**
 * Every wait for something that this package does not control: a function of the application's, a disk, a network. Each
 * has a limit (see {@link limited}); `test/faults/waits.spec.ts` makes each of them hang and sees the limit hold.
 */
export const WAITS = {
  binding: 'option "binding"',
  connections: 'closing of the connections',
  contextFactory: 'option "contextFactory"',
  fetch: 'option "fetch"',
  headersFactory: 'option "headersFactory"',
} as const;

/** The name of a wait. */
export type WaitName = keyof typeof WAITS;

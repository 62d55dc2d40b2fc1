/**
 * Every wait for work that this package does not control: a function of the application's, a disk, a network. Each has
 * a time limit (`withTimeLimit`); `test/faults/waits.spec.ts` makes each of them hang and checks that the limit
 * holds.
 */
export const WAIT_LABELS = {
  bypass: 'option "bypass" of @FeatureFlag',
  contextFactory: 'option "contextFactory"',
  storeRead: 'read of the shared store (option "cacheStore")',
  storeWrite: 'write to the shared store (option "cacheStore")',
  localClose: 'close of the local Flagship',
  localStart: 'start of the local Flagship',
  moduleClose: 'close of a part of the Flagship module',
  providerClose: 'close of the flag provider',
  providerStart: 'start of the flag provider',
  otherwise: 'option "otherwise" of @FeatureFlag',
  definitionsCacheIdle: 'writes of the kept definitions (option "definitionsCache")',
  definitionsCacheRead: 'read of the kept definitions (option "definitionsCache")',
  definitionsCacheWrite: 'write of the kept definitions (option "definitionsCache")',
  definitionsFile: 'check of the flags file',
  sharedDefinitions: 'writes of the shared definitions (option "cacheStore")',
  binding: 'option "binding"',
  connections: 'closing of the connections',
  fetch: 'option "fetch"',
  headersFactory: 'option "headersFactory"',
  withFlagContext: 'function of @WithFlagContext',
  evaluation: 'evaluation of a flag',
  hook: 'hook',
} as const;

export type WaitName = keyof typeof WAIT_LABELS;

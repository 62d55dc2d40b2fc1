/** One import of the module, known before its options are. */
export interface ModuleId {
  /** The domain that the module answers for; none for the default module. */
  readonly domain: string | undefined;
  /** Distinguishes this import from all others. */
  readonly id: string;
  /** Whether another module of the same domain takes the place of this one, as an application's does of a test's. */
  readonly isReplaceable: boolean;
}

let count = 0;

/**
 * Returns a value that distinguishes the metadata of a dynamic module from all others. Nest 10, and later versions with
 * `moduleIdGeneratorAlgorithm: 'deep-hash'`, take two dynamic modules of one class for the same one when their metadata
 * reads the same, and a factory reads the same whatever it closes over: the second module would get the flags of the
 * first one.
 */
export function nextModuleId(): string {
  return `flagship-${++count}`;
}

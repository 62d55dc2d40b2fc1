/** Identifies one import of the module. It exists before Nest creates the options. */
export interface ModuleId {
  /** The OpenFeature domain of the module; undefined for the default module. */
  readonly domain: string | undefined;
  /** Distinguishes this import from all others. */
  readonly id: string;
  /** Whether a module of the same domain that is not replaceable replaces this one; true for the testing module. */
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

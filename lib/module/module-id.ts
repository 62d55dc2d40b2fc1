let count = 0;

/**
 * A value that distinguishes the metadata of a dynamic module from all others. Nest 10, and later versions with
 * `moduleIdGeneratorAlgorithm: 'deep-hash'`, take two dynamic modules of one class for the same one when their metadata
 * reads the same, and a factory reads the same whatever it closes over: the second module would get the first one's
 * flags.
 */
export function nextModuleId(): string {
  return `flagship-${++count}`;
}

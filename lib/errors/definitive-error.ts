import { FlagshipError } from './flagship-error';

/**
 * A final result of the evaluation itself, such as a flag that does not exist or a context that cannot be used. A retry
 * would fail in the same way, and a stale resolution would be wrong.
 */
export class DefinitiveError extends FlagshipError {}

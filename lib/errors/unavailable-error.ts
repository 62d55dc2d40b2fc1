import { FlagshipError } from './flagship-error';

/**
 * The evaluation was refused without a request: the circuit is open, or too many evaluations are pending. A stale
 * resolution may be served.
 */
export class UnavailableError extends FlagshipError {}

import { FlagshipError } from './flagship-error';

/** Nobody was asked: the circuit is open, or too much is under way already. An older answer may do. */
export class UnavailableError extends FlagshipError {}

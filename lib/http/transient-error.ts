import { FlagshipError } from '../errors';

/** A failure that may pass: the attempt is worth repeating. */
export class TransientError extends FlagshipError {}

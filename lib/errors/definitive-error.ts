import { FlagshipError } from './flagship-error';

/**
 * The question itself has been judged: the flag does not exist, the context cannot be used. Asking again is of no use,
 * and an older answer would be wrong.
 */
export class DefinitiveError extends FlagshipError {}

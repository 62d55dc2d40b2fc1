import { MAX_RETRY_DELAY } from '../options';
import { type TransientError } from './transient-error';

/** At most this share of a pause is left to chance, so that a fleet does not come back as one. */
const JITTER = 0.5;
/** The same for a time that the server named: never earlier, a little later. */
const LATENESS = 0.1;

/** What `Retry-After` asks for, in milliseconds: it holds seconds or a date. */
function askedPause(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const text = retryAfter.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** How long to wait before the next attempt, in milliseconds. */
export function retryPause({ retryAfter }: TransientError, retryDelay: number): number {
  const asked = askedPause(retryAfter);
  if (asked === undefined) return retryDelay * (1 - JITTER * Math.random());
  return Math.min(asked * (1 + LATENESS * Math.random()), MAX_RETRY_DELAY);
}

import { MAX_RETRY_DELAY_MS } from '../options';
import { wallClockMs } from '../runtime';
import { type TransientError } from './transient-error';

/** At most this share of a pause is left to chance, so that a fleet does not come back as one. */
const JITTER = 0.5;
/** The same for a time that the server named: never earlier, a little later. */
const LATENESS = 0.1;

const SECONDS = /^\d+$/;
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '\\d\\d:\\d\\d:\\d\\d';
/**
 * The three forms of a date in RFC 9110: the current one, and the two obsolete ones that a recipient must accept.
 * `Date.parse` alone takes `1.5`, `-5` and `5, 5` for days of 2001.
 */
const HTTP_DATES: readonly RegExp[] = [
  new RegExp(`^${DAY}, \\d\\d ${MONTH} \\d{4} ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d\\d-${MONTH}-\\d\\d ${TIME} GMT$`),
  new RegExp(`^${DAY} ${MONTH} [ \\d]\\d ${TIME} \\d{4}$`),
];

function readHttpDate(text: string): number | undefined {
  if (!HTTP_DATES.some((form) => form.test(text))) return undefined;
  // The oldest form names no zone, and means the same one.
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  // A 31st of February would become a day of March. In each form the day of the month is the first number.
  return new Date(time).getUTCDate() === Number(/\d+/.exec(text)?.[0]) ? time : undefined;
}

/** What `Retry-After` asks for, in milliseconds: it holds whole seconds or an HTTP date. Anything else asks for nothing. */
function askedPause(retryAfter: string | undefined): number | undefined {
  const text = retryAfter?.trim() ?? '';
  if (SECONDS.test(text)) return Number(text) * 1000;
  const time = readHttpDate(text);
  return time === undefined ? undefined : Math.max(0, time - wallClockMs());
}

/** How long to wait before the next attempt, in milliseconds. */
export function retryDelayMs({ retryAfter }: TransientError, retryDelay: number): number {
  const asked = askedPause(retryAfter);
  if (asked === undefined) return retryDelay * (1 - JITTER * Math.random());
  return Math.min(asked * (1 + LATENESS * Math.random()), MAX_RETRY_DELAY_MS);
}

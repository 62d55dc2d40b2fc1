import { MAX_RETRY_DELAY_MS } from '../options';
import { wallClockMs } from '../runtime';
import { type TransientError } from './request-errors';

/** A pause is shortened by at most this share, at random, so that many instances do not retry at once. */
const JITTER = 0.5;
/** A pause that the server requested is lengthened by at most this share: a retry must not come earlier. */
const RETRY_AFTER_JITTER = 0.1;

const SECONDS = /^\d+$/;
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '\\d\\d:\\d\\d:\\d\\d';
/**
 * The three date formats of RFC 9110: the current one, and two obsolete ones that a recipient must accept. They are
 * checked because `Date.parse` accepts `1.5`, `-5` and `5, 5` as days of 2001.
 */
const HTTP_DATES: readonly RegExp[] = [
  new RegExp(`^${DAY}, \\d\\d ${MONTH} \\d{4} ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d\\d-${MONTH}-\\d\\d ${TIME} GMT$`),
  new RegExp(`^${DAY} ${MONTH} [ \\d]\\d ${TIME} \\d{4}$`),
];

/** Returns the time in milliseconds since 1970, or undefined for a text that is not an HTTP date. */
function readHttpDate(text: string): number | undefined {
  if (!HTTP_DATES.some((format) => format.test(text))) return undefined;
  // The oldest format names no time zone; it is GMT as well.
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  // `Date.parse` moves a 31st of February to March. The day of the month is the first number of every format.
  return new Date(time).getUTCDate() === Number(/\d+/.exec(text)?.[0]) ? time : undefined;
}

/**
 * Returns the pause of a `Retry-After` in milliseconds, from whole seconds or an HTTP date, or undefined for other
 * text.
 */
function retryAfterMs(retryAfter: string | undefined): number | undefined {
  const text = retryAfter?.trim() ?? '';
  if (SECONDS.test(text)) return Number(text) * 1000;
  const time = readHttpDate(text);
  return time === undefined ? undefined : Math.max(0, time - wallClockMs());
}

/**
 * Returns the pause before the next attempt in milliseconds: the server's `Retry-After`, or `retryDelay`, with jitter.
 */
export function retryDelayMs({ retryAfter }: TransientError, retryDelay: number): number {
  const requestedMs = retryAfterMs(retryAfter);
  if (requestedMs === undefined) return retryDelay * (1 - JITTER * Math.random());
  return Math.min(requestedMs * (1 + RETRY_AFTER_JITTER * Math.random()), MAX_RETRY_DELAY_MS);
}

import { HIDDEN, withoutCredentials } from '../logging';
import { type PrivateRequest, type PrivateValue, privateValues } from './private-values';
import { decodingsOf } from './text-decodings';

/** More of a text is never looked at, and never shown. */
const MAX_TEXT = 1024;
/** In a text for more values than these, each of them is not looked for: nothing of it is shown. */
const MAX_VALUES = 200;
/** So many characters of a value in a row are no chance. */
const WINDOW = 8;
/** A shorter value is hidden where it is a word of its own: `pro`, but not in `provider`. */
const MIN_ANYWHERE = 4;
/** A value that says nothing without its name: `trial=true`. */
const BARE = /^(?:.|true|false|null)$/su;
const WORD_SIGN = /[\p{L}\p{N}]/u;
const BETWEEN_WORDS = /[^\p{L}\p{N}]+/gu;
/** What stands between a name and its value. */
const ASSIGNMENT = /["']?\s?[:=]\s?["']?$/;
/** The longest text that {@link ASSIGNMENT} can match. */
const MAX_ASSIGNMENT = 5;

/**
 * Removes what different encodings tell apart and readers do not: case, accents, invisible characters. Capitals come
 * first, because only they make "SS" of "ß".
 */
function normal(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[\\\p{M}\p{Cf}]/gu, '')
    .replace(/[\s+]+/g, ' ')
    .toUpperCase()
    .toLowerCase();
}

/** Removes what stands between letters and digits: a phone number is the same with and without its spaces. */
function squeezed(text: string): string {
  return text.replace(BETWEEN_WORDS, '');
}

function isWord(text: string, start: number, end: number): boolean {
  return !WORD_SIGN.test(text.charAt(start - 1)) && !WORD_SIGN.test(text.charAt(end));
}

/** Whether the value at this place of a text is that value, and not a part of some other word. */
function isMeant(text: string, { name, text: value }: PrivateValue, start: number): boolean {
  const isBare = BARE.test(value);
  if (value.length >= MIN_ANYWHERE && !isBare) return true;
  if (!isWord(text, start, start + value.length)) return false;
  if (!isBare) return true;
  // Only as much as can matter: a text may hold such a value at every second place.
  const before = text.slice(Math.max(0, start - name.length - MAX_ASSIGNMENT), start);
  return ASSIGNMENT.test(before) && before.replace(ASSIGNMENT, '').endsWith(name);
}

function placeOf(text: string, value: PrivateValue, from = 0): number {
  let start = text.indexOf(value.text, from);
  while (start >= 0 && !isMeant(text, value, start)) start = text.indexOf(value.text, start + 1);
  return start;
}

function without(text: string, value: PrivateValue): string {
  let left = text;
  for (let start = placeOf(left, value); start >= 0; start = placeOf(left, value, start + HIDDEN.length)) {
    left = left.slice(0, start) + HIDDEN + left.slice(start + value.text.length);
  }
  return left;
}

/** One of each: a list often holds the same value many times. */
function distinct(values: readonly PrivateValue[]): PrivateValue[] {
  return [...new Map(values.map((value) => [`${value.name}\n${value.text}`, value])).values()];
}

/** The texts that are long enough to be found by a part. None has a line break: no window reaches into the next. */
function longTexts(texts: readonly string[]): string {
  return texts.filter((text) => text.length >= WINDOW).join('\n');
}

function sharesWindow(seen: string, texts: string): boolean {
  if (texts === '') return false;
  for (let start = 0; start + WINDOW <= seen.length; start++) {
    if (texts.includes(seen.slice(start, start + WINDOW))) return true;
  }
  return false;
}

/** Whether a text holds a value, or a good part of it, in any form in which it can be read. */
function holds(text: string, values: readonly PrivateValue[]): boolean {
  const plain = values
    .map((value) => ({ name: normal(value.name), text: normal(value.text) }))
    .filter((value) => value.text.trim() !== '');
  const whole = longTexts(plain.map((value) => value.text));
  const tight = longTexts(plain.map((value) => squeezed(value.text)));
  for (const reading of decodingsOf(text)) {
    const seen = normal(reading).replaceAll(HIDDEN, '\n\n');
    if (plain.some((value) => placeOf(seen, value) >= 0)) return true;
    if (sharesWindow(seen, whole) || sharesWindow(squeezed(seen), tight)) return true;
  }
  return false;
}

/**
 * Takes private values out of a text that this package has not written itself: servers, proxies, and functions of the
 * application's like to quote what they have failed with. Values that stand there in plain are replaced; a text that
 * holds one in another form (escaped, encoded, cut) is dropped whole.
 */
export function redactValues(text: string, values: readonly PrivateValue[]): string {
  const given = distinct(values.filter((value) => value.text.trim() !== ''));
  if (text === '') return '';
  if (given.length > MAX_VALUES) return HIDDEN;
  const cut = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT).replace(/\S*$/, '') : text;
  const longestFirst = [...given].sort((one, other) => other.text.length - one.text.length);
  const result = withoutCredentials(longestFirst.reduce(without, cut));
  return given.length > 0 && holds(result, given) ? HIDDEN : result;
}

/** Takes what a request carries (the values of its headers, its query and its body) out of a text that this package has not written. */
export function redact(text: string, request: PrivateRequest): string {
  return text === '' ? '' : redactValues(text, privateValues(request));
}

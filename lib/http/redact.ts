import { HIDDEN, withoutCredentials } from '../logging';
import { type PrivateRequest, type PrivateValue, privateValues } from './private-values';
import { decodingsOf } from './text-decodings';

/** The longest text that is searched, in characters. The remainder is cut off. */
const MAX_TEXT_LENGTH = 1024;
/** The most values that are searched for, to bound the CPU time. A text about more values is hidden as a whole. */
const MAX_VALUES = 200;
/** A common part of this length is no coincidence: the text holds a part of the value. */
const WINDOW = 8;
/** Shorter values are hidden only where they are a whole word: `pro`, but not the start of `provider`. */
const MIN_LENGTH_IN_WORD = 4;
/** Values that are hidden only together with their name: `trial=true`. */
const COMMON_VALUE = /^(?:.|true|false|null)$/su;
const WORD_CHARACTER = /[\p{L}\p{N}]/u;
const BETWEEN_WORDS = /[^\p{L}\p{N}]+/gu;
/** The characters between a name and its value. */
const ASSIGNMENT = /["']?\s?[:=]\s?["']?$/;
/** The longest text that {@link ASSIGNMENT} matches. */
const MAX_ASSIGNMENT_LENGTH = 5;

/**
 * Removes the differences between encodings of one text: case, accents, invisible characters. Upper case comes first,
 * because only upper case turns "ß" into "SS".
 */
function normalized(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[\\\p{M}\p{Cf}]/gu, '')
    .replace(/[\s+]+/g, ' ')
    .toUpperCase()
    .toLowerCase();
}

/** Removes all but letters and digits, so that a phone number is found with and without its spaces. */
function lettersAndDigits(text: string): string {
  return text.replace(BETWEEN_WORDS, '');
}

function isWholeWord(text: string, start: number, end: number): boolean {
  return !WORD_CHARACTER.test(text.charAt(start - 1)) && !WORD_CHARACTER.test(text.charAt(end));
}

/** Whether the characters at this index are the value, and not by coincidence a part of another word. */
function isOccurrence(text: string, { name, text: value }: PrivateValue, start: number): boolean {
  const isCommon = COMMON_VALUE.test(value);
  if (value.length >= MIN_LENGTH_IN_WORD && !isCommon) return true;
  if (!isWholeWord(text, start, start + value.length)) return false;
  if (!isCommon) return true;
  // Only as many characters as can matter: a text may hold a common value at every second index.
  const before = text.slice(Math.max(0, start - name.length - MAX_ASSIGNMENT_LENGTH), start);
  return ASSIGNMENT.test(before) && before.replace(ASSIGNMENT, '').endsWith(name);
}

/** Returns the index of the first occurrence of a value, or -1. */
function indexOfValue(text: string, value: PrivateValue, from = 0): number {
  let start = text.indexOf(value.text, from);
  while (start >= 0 && !isOccurrence(text, value, start)) start = text.indexOf(value.text, start + 1);
  return start;
}

/**
 * Returns the text without the occurrences of a value. The search goes on after each replacement, so that a value such
 * as "hidden" does not match the replacement again and again.
 */
function hideValue(text: string, value: PrivateValue): string {
  let result = text;
  let start = indexOfValue(result, value);
  while (start >= 0) {
    result = result.slice(0, start) + HIDDEN + result.slice(start + value.text.length);
    start = indexOfValue(result, value, start + HIDDEN.length);
  }
  return result;
}

/** Removes duplicates: a list in a context often holds the same value many times. */
function distinct(values: readonly PrivateValue[]): PrivateValue[] {
  return [...new Map(values.map((value) => [`${value.name}\n${value.text}`, value])).values()];
}

/** Joins the texts that are long enough for {@link sharesWindow}. The line break keeps a window within one text. */
function joinLongTexts(texts: readonly string[]): string {
  return texts.filter((text) => text.length >= WINDOW).join('\n');
}

/** Whether the text has {@link WINDOW} characters in a row in common with the joined values. */
function sharesWindow(text: string, joinedValues: string): boolean {
  if (joinedValues === '') return false;
  for (let start = 0; start + WINDOW <= text.length; start++) {
    if (joinedValues.includes(text.slice(start, start + WINDOW))) return true;
  }
  return false;
}

/** Whether a text holds a value, or a part of it, in any encoding in which a reader could decode it. */
function containsAny(text: string, values: readonly PrivateValue[]): boolean {
  const normalizedValues = values
    .map((value) => ({ name: normalized(value.name), text: normalized(value.text) }))
    .filter((value) => value.text.trim() !== '');
  const joined = joinLongTexts(normalizedValues.map((value) => value.text));
  const joinedLetters = joinLongTexts(normalizedValues.map((value) => lettersAndDigits(value.text)));
  for (const decoding of decodingsOf(text)) {
    const candidate = normalized(decoding).replaceAll(HIDDEN, '\n\n');
    if (normalizedValues.some((value) => indexOfValue(candidate, value) >= 0)) return true;
    if (sharesWindow(candidate, joined)) return true;
    if (sharesWindow(lettersAndDigits(candidate), joinedLetters)) return true;
  }
  return false;
}

/**
 * Removes private values from a text of other code: servers, proxies and functions of the application's quote what they
 * failed with. Values in plain text are replaced. A text that holds a value in another form (escaped, encoded, cut) is
 * hidden as a whole.
 *
 * @returns The text without the values.
 */
export function redactValues(text: string, values: readonly PrivateValue[]): string {
  const distinctValues = distinct(values.filter((value) => value.text.trim() !== ''));
  if (text === '') return '';
  if (distinctValues.length > MAX_VALUES) return HIDDEN;
  const cut = text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH).replace(/\S*$/, '') : text;
  const longestFirst = [...distinctValues].sort((one, other) => other.text.length - one.text.length);
  const result = withoutCredentials(longestFirst.reduce(hideValue, cut));
  return distinctValues.length > 0 && containsAny(result, distinctValues) ? HIDDEN : result;
}

/** Removes the private values of a request from a text of other code; see {@link redactValues}. */
export function redact(text: string, request: PrivateRequest): string {
  return text === '' ? '' : redactValues(text, privateValues(request));
}

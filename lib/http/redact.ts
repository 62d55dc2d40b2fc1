import { type PrivateRequest, type PrivateValue, privateValues } from './private-values';
import { readingsOf } from './text-readings';

/** What stands in the place of private values. */
const HIDDEN = '[hidden]';
/** More of a text is never looked at, and never shown. */
const MAX_TEXT = 1024;
/** In a text for more values than these, each of them is not looked for: nothing of it is shown. */
const MAX_VALUES = 500;
/** So many characters of a value in a row are no chance. */
const WINDOW = 8;
/** A shorter value is hidden where it is a word of its own: `pro`, but not in `provider`. */
const MIN_ANYWHERE = 4;
/** A value that says nothing without its name: `trial=true`. */
const BARE = /^(?:.|true|false|null)$/su;
const WORD_SIGN = /[\p{L}\p{N}]/u;
/** What stands between a name and its value. */
const ASSIGNMENT = /["']?\s?[:=]\s?["']?$/;

/** An absolute URL: its origin, and what follows it. */
const URLS = /([a-z][a-z\d+.-]{1,20}:\/\/)(?:[^\s/?#@"'<>]*@)?([^\s/?#"'<>]+)([/?#][^\s"'<>]*)?/gi;
/** Credentials that this package has not sent itself, as a function of the application's may quote them. */
const CREDENTIALS: readonly RegExp[] = [
  /\b((?:token|secret|password|authorization|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"',;]+/gi,
  /\b((?:[Bb]earer|[Bb]asic)\s+)(?=\S*[\dA-Z._~+/-])[^\s"',;]{4,}/g,
  /()\beyJ[\w-]+\.[\w.-]+/g,
  /()(?<![\w+/~-])(?=[^\s]{0,40}\d)(?=[^\s]{0,40}[a-z])[\w+/~-]{24,}={0,2}/gi,
];

/** Letters and signs that different encodings tell apart and readers do not. */
function normal(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/\\/g, '')
    .replace(/[\s+]+/g, ' ')
    .toLowerCase();
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
  const before = text.slice(0, start);
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

function withoutUrls(text: string): string {
  return text.replace(URLS, (_, scheme: string, host: string, rest?: string) =>
    rest === undefined ? `${scheme}${host}` : `${scheme}${host}/${HIDDEN}`,
  );
}

function withoutCredentials(text: string): string {
  return CREDENTIALS.reduce((left, form) => left.replace(form, `$1${HIDDEN}`), text);
}

/** Whether a text holds a value, or a good part of it, in any form in which it can be read. */
function holds(text: string, values: readonly PrivateValue[]): boolean {
  const plain = values
    .map((value) => ({ name: normal(value.name), text: normal(value.text) }))
    .filter((value) => value.text.trim() !== '');
  // No value has a line break any more: no window reaches from one into the next.
  const all = plain
    .map((value) => value.text)
    .filter((value) => value.length >= WINDOW)
    .join('\n');
  for (const reading of readingsOf(text)) {
    const seen = normal(reading).replaceAll(HIDDEN, '\n\n');
    if (plain.some((value) => placeOf(seen, value) >= 0)) return true;
    for (let start = 0; start + WINDOW <= seen.length; start++) {
      if (all.includes(seen.slice(start, start + WINDOW))) return true;
    }
  }
  return false;
}

/**
 * Takes private values out of a text that this package has not written itself: servers, proxies, and functions of the
 * application's like to quote what they have failed with. Values that stand there in plain are replaced; a text that
 * holds one in another form (escaped, encoded, cut) is dropped whole.
 */
export function redactValues(text: string, values: readonly PrivateValue[]): string {
  const given = values.filter((value) => value.text.trim() !== '');
  if (text === '') return '';
  if (given.length > MAX_VALUES) return HIDDEN;
  const cut = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT).replace(/\S*$/, '') : text;
  const longestFirst = [...given].sort((one, other) => other.text.length - one.text.length);
  const result = withoutCredentials(withoutUrls(longestFirst.reduce(without, cut)));
  return given.length > 0 && holds(result, given) ? HIDDEN : result;
}

/** Takes what a request carries (the values of its headers, its query and its body) out of somebody else's text. */
export function redact(text: string, request: PrivateRequest): string {
  return text === '' ? '' : redactValues(text, privateValues(request));
}

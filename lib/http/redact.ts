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

/** An absolute URL: its origin, and what follows it. */
const URLS = /([a-z][a-z\d+.-]{1,20}:\/\/)(?:[^\s/?#@"'<>]*@)?([^\s/?#"'<>]+)([/?#][^\s"'<>]*)?/gi;
/** Credentials that this package has not sent itself, as a function of the application's may quote them. */
const CREDENTIALS: readonly RegExp[] = [
  /\b((?:bearer|basic)\s+|(?:token|secret|password|authorization|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"',;]+/gi,
  /()\beyJ[\w-]+\.[\w.-]+/g,
  /()(?<![\w+/~-])(?=[^\s]{0,40}\d)(?=[^\s]{0,40}[a-z])[\w+/~-]{24,}={0,2}/gi,
];

/** Letters and signs that different encodings tell apart and readers do not. */
function normal(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/\\/g, '')
    .replace(/[\s+]+/g, ' ')
    .toLowerCase();
}

const escaped = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, (sign) => `\\u{${code(sign)}}`);
const code = (sign: string): string => (sign.codePointAt(0) ?? 0).toString(16);
const WORD_START = '(?<![\\p{L}\\p{N}])';
const WORD_END = '(?![\\p{L}\\p{N}])';

/** Where a value stands in a text. */
function placesOf({ name, text }: PrivateValue): string {
  const value = escaped(text);
  if (BARE.test(text)) return `(?<=${WORD_START}${escaped(name)}["']?\\s?[:=]\\s?["']?)${value}${WORD_END}`;
  return text.length < MIN_ANYWHERE ? `${WORD_START}${value}${WORD_END}` : value;
}

function patternOf(values: readonly PrivateValue[]): RegExp {
  if (values.length === 0) return /(?!)/gu;
  const longestFirst = [...values].sort((one, other) => other.text.length - one.text.length);
  return new RegExp(longestFirst.map(placesOf).join('|'), 'giu');
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
  const plain = values.map((value) => ({ name: normal(value.name), text: normal(value.text) }));
  const named = patternOf(plain.filter(({ text: value }) => value.trim() !== ''));
  const long = plain.map((value) => value.text).filter((value) => value.length >= WINDOW);
  // Blanks are normal: a line break is in no value.
  const all = long.join('\n');
  for (const reading of readingsOf(text)) {
    const seen = normal(reading).replaceAll(HIDDEN, '\n');
    if (seen.search(named) >= 0) return true;
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
  const shown = given.length === 0 ? cut : cut.replace(patternOf(given), HIDDEN);
  const result = withoutCredentials(withoutUrls(shown));
  return given.length > 0 && holds(result, given) ? HIDDEN : result;
}

/** Takes what a request carries (the values of its headers, its query and its body) out of somebody else's text. */
export function redact(text: string, request: PrivateRequest): string {
  return text === '' ? '' : redactValues(text, privateValues(request));
}

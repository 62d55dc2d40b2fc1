import { type HeaderMap } from '../options';

/** Shorter parts of a header say nothing by themselves, and would turn up in any text. */
const MIN_PART = 8;
const HIDDEN = '[hidden]';
/** More of a text is never shown, however much of it is hidden. */
const MAX_TEXT = 64 * 1024;
/** Headers of our own, the same for everybody. */
const OPEN_HEADERS = new Set(['accept', 'content-type', 'user-agent', 'if-none-match']);

function secretsOf(name: string, value: string): string[] {
  const parts = value.split(/[\s,;=]+/).filter((part) => part.length >= MIN_PART);
  // The scheme is no secret; what follows it is one, however short.
  const credentials = name === 'authorization' ? value.replace(/^\S+\s+/, '') : value;
  return [value, credentials, ...parts];
}

const eitherCase = (digits: string): string =>
  digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

/** A character as it stands, or escaped as JSON, a URL or a program may do it, a few times over. */
function anyForm(character: string): string {
  const code = eitherCase(character.charCodeAt(0).toString(16).padStart(2, '0'));
  const plain = character.replace(/[^\w]/g, '\\$&');
  return `\\\\{0,8}(?:${plain}|u00${code}|x${code}|%(?:25){0,4}${code})`;
}

function anyFormOf(secret: string): string {
  return Array.from(secret, anyForm).join('');
}

/**
 * Takes the values of headers out of a text that somebody else has written: servers and proxies like to echo what they
 * have refused.
 */
export function conceal(text: string, headers: HeaderMap): string {
  const secrets = Object.entries(headers)
    .filter(([name]) => !OPEN_HEADERS.has(name))
    .flatMap(([name, value]) => secretsOf(name, value))
    .filter((secret) => secret !== '')
    .sort((one, other) => other.length - one.length);
  if (secrets.length === 0) return text;
  return text
    .slice(0, MAX_TEXT)
    .replace(new RegExp([...new Set(secrets)].map(anyFormOf).join('|'), 'g'), HIDDEN);
}

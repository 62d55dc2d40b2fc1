import { type HeaderMap } from '../options';

/** Shorter parts of a header say nothing by themselves, and would turn up in any text. */
const MIN_PART = 8;
const HIDDEN = '[hidden]';
/** Headers of our own, the same for everybody. */
const OPEN_HEADERS = new Set(['accept', 'content-type', 'user-agent', 'if-none-match']);

function secretsOf(name: string, value: string): string[] {
  const parts = value.split(/[\s,;=]+/).filter((part) => part.length >= MIN_PART);
  // The scheme is no secret; what follows it is one, however short.
  const credentials = name === 'authorization' ? value.replace(/^\S+\s+/, '') : value;
  return [value, credentials, ...parts];
}

/**
 * Takes the values of headers out of a text that the other side has written: servers and proxies like to echo what they
 * have refused.
 */
export function conceal(text: string, headers: HeaderMap): string {
  const secrets = Object.entries(headers)
    .filter(([name]) => !OPEN_HEADERS.has(name))
    .flatMap(([name, value]) => secretsOf(name, value))
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret !== '')
    .sort((one, other) => other.length - one.length);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text);
}

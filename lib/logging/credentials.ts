/** What stands in the place of private values. */
export const HIDDEN = '[hidden]';

/** An absolute URL: its origin, and what follows it. */
const URLS = /([a-z][a-z\d+.-]{1,20}:\/\/)(?:[^\s/?#@"'<>]*@)?([^\s/?#"'<>]+)([/?#][^\s"'<>]*)?/gi;
/** Credentials that this package has not sent itself, as a function of the application's may quote them. */
const CREDENTIALS: readonly RegExp[] = [
  /\b((?:token|secret|password|authorization|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"',;]+/gi,
  /\b((?:[Bb]earer|[Bb]asic)\s+)(?=\S*[\dA-Z._~+/-])[^\s"',;]{4,}/g,
  /()\beyJ[\w-]+\.[\w.-]+/g,
  /()(?<![\w+/~-])(?=[^\s]{0,40}\d)(?=[^\s]{0,40}[a-z])[\w+/~-]{24,}={0,2}/gi,
];

function withoutUrls(text: string): string {
  return text.replace(URLS, (_, scheme: string, host: string, rest?: string) =>
    rest === undefined ? `${scheme}${host}` : `${scheme}${host}/${HIDDEN}`,
  );
}

/**
 * Takes out of a text that this package has not written itself what looks like credentials, and of URLs all but scheme
 * and host: stores, providers and functions of the application's quote what they connect to.
 */
export function withoutCredentials(text: string): string {
  return CREDENTIALS.reduce((left, form) => left.replace(form, `$1${HIDDEN}`), withoutUrls(text));
}

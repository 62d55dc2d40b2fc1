/** The text that replaces private values in messages. */
export const HIDDEN = '[hidden]';

/** Absolute URLs: scheme, host, and path with query. */
const URLS = /([a-z][a-z\d+.-]{1,20}:\/\/)(?:[^\s/?#@"'<>]*@)?([^\s/?#"'<>]+)([/?#][^\s"'<>]*)?/gi;
/** The forms of credentials that a text of other code may quote. The groups before the credentials are kept. */
const CREDENTIALS: readonly RegExp[] = [
  /\b((?:token|secret|password|authorization|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"',;]+/gi,
  /\b((?:[Bb]earer|[Bb]asic)\s+)(?=\S*[\dA-Z._~+/-])[^\s"',;]{4,}/g,
  /()\beyJ[\w-]+\.[\w.-]+/g,
  /()(?<![\w+/~-])(?=[^\s]{0,40}\d)(?=[^\s]{0,40}[a-z])[\w+/~-]{24,}={0,2}/gi,
];

/** Reduces URLs to scheme and host. */
function withoutUrlPaths(text: string): string {
  return text.replace(URLS, (_, scheme: string, host: string, path?: string) =>
    path === undefined ? `${scheme}${host}` : `${scheme}${host}/${HIDDEN}`,
  );
}

/**
 * Removes text that looks like credentials from a text of other code, and reduces URLs to scheme and host. Stores,
 * providers and functions of the application's quote the addresses that they connect to.
 *
 * @returns The text with `[hidden]` in their place.
 */
export function withoutCredentials(text: string): string {
  return CREDENTIALS.reduce((result, form) => result.replace(form, `$1${HIDDEN}`), withoutUrlPaths(text));
}

/** Returns a text without the byte order mark that servers and editors write before it, and that `JSON.parse` refuses. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/**
 * Parses the JSON of a response, with or without a byte order mark.
 *
 * @throws SyntaxError When the text is not JSON.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(withoutByteOrderMark(text));
}

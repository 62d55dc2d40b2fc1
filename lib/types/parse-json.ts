/**
 * Parses the JSON of a response or a file. A byte order mark before it is not an error: servers and editors write one,
 * and `JSON.parse` refuses it.
 *
 * @throws SyntaxError When the text is not JSON.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
}

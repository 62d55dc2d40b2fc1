/** The longest line that is written, in characters. */
const MAX_LENGTH = 4096;
/**
 * Characters that a log or a terminal acts upon instead of showing them: control characters, line and paragraph
 * separators, and format characters, those that turn the direction of text around included; and halves of characters.
 */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return SHORT[character] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`);
}

/**
 * A text as one line that shows what it holds and does nothing else: texts of servers, flag keys and errors end up in
 * logs, where a line break would begin a line that this package has not written.
 */
export function logLine(text: string): string {
  const cut = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
  return cut.replace(ACTIVE, escaped);
}

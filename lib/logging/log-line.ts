/** The longest line that is written, in characters. */
const MAX_LINE_LENGTH = 4096;
/**
 * Characters that a log or a terminal interprets instead of showing them: control characters, line and paragraph
 * separators, format characters such as those that reverse the direction of text, and lone surrogates.
 */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return SHORT_ESCAPES[character] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`);
}

/**
 * Returns a text as one line of visible characters, cut to 4096. Texts of servers, flag keys and errors are logged,
 * where a line break in them would start a forged line.
 */
export function logLine(text: string): string {
  const cut = text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH - 1)}…` : text;
  return cut.replace(CONTROL_CHARACTERS, escaped);
}

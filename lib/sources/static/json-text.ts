import type * as JsoncParser from 'jsonc-parser';
import { FlagshipError, FlagshipErrorCode } from '../../errors';

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

/** Node's own parser does not always say where it stopped, so this one is asked, only after a failure. */
function describeMistake(text: string): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- needed only for a broken file
  const { parse, printParseErrorCode } = require('jsonc-parser') as typeof JsoncParser;
  const mistakes: JsoncParser.ParseError[] = [];
  parse(text, mistakes, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const [first] = mistakes;
  if (first === undefined) return `${placeOf(text, 0)}: not valid JSON.`;
  const words = printParseErrorCode(first.error).replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return `${placeOf(text, first.offset)}: not valid JSON (${words.toLowerCase()}).`;
}

function mistakeIn(text: string): string {
  try {
    return describeMistake(text);
  } catch {
    // Nested so deep that the parser has exhausted the stack.
    return `${placeOf(text, 0)}: not valid JSON.`;
  }
}

/**
 * Parses JSON that a person wrote.
 *
 * @throws FlagshipError `PARSE_ERROR` whose message starts with line and column.
 */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    throw new FlagshipError(mistakeIn(text), FlagshipErrorCode.PARSE_ERROR);
  }
}

import type * as JsoncParser from 'jsonc-parser';
import { FlagshipError, FlagshipErrorCode, messageOf } from '../../errors';
import { parseJson } from '../../types';

/**
 * Parses JSON that a person wrote.
 *
 * @throws FlagshipError `PARSE_ERROR` whose message begins with line and column.
 */
export function parseJsonText(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new FlagshipError(syntaxErrorMessage(text, messageOf(error)), FlagshipErrorCode.PARSE_ERROR);
  }
}

/** @param nodesMessage What Node's own parser reports, which often names the position. */
function syntaxErrorMessage(text: string, nodesMessage: string): string {
  try {
    return locateSyntaxError(text);
  } catch {
    // The text is nested so deep that jsonc-parser exhausts the stack, or a bundle lacks a part of jsonc-parser.
    const [, offset = '0'] = /at position (\d+)/.exec(nodesMessage) ?? [];
    return `${positionOf(text, Number(offset))}: not valid JSON.`;
  }
}

/**
 * Parses again with jsonc-parser, because `JSON.parse` does not always report the position of the error. The `imports`
 * of package.json name its ES modules for bundlers: they cannot follow the calls of `require` in its CommonJS build
 * (https://github.com/microsoft/node-jsonc-parser/issues/57, checked with jsonc-parser 3.3.1 and esbuild 0.28).
 */
function locateSyntaxError(text: string): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- needed only for a malformed file
  const { parse, printParseErrorCode } = require('#jsonc-parser') as typeof JsoncParser;
  const errors: JsoncParser.ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const [first] = errors;
  if (first === undefined) return `${positionOf(text, 0)}: not valid JSON.`;
  const words = printParseErrorCode(first.error).replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return `${positionOf(text, first.offset)}: not valid JSON (${words.toLowerCase()}).`;
}

/** Returns line and column of a character. */
function positionOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

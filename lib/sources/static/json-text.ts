import type * as JsoncParser from 'jsonc-parser';
import { FlagshipError, FlagshipErrorCode, messageOf } from '../../errors';
import { withoutByteOrderMark } from '../../types';

/** A part of a text: its first character, and the number of characters. */
interface Range {
  readonly offset: number;
  readonly length: number;
}

/**
 * Parses JSON that a person wrote. Comments and trailing commas are accepted.
 *
 * @throws FlagshipError `PARSE_ERROR` whose message begins with line and column.
 */
export function parseJsonText(text: string): unknown {
  const content = withoutByteOrderMark(text);
  try {
    return JSON.parse(content);
  } catch (error) {
    return parseWithComments(content, messageOf(error));
  }
}

/**
 * Parses again without comments and trailing commas, or throws with the position of the syntax error.
 *
 * @param nodeMessage What Node's own parser reports, which often names the position.
 */
function parseWithComments(text: string, nodeMessage: string): unknown {
  const [, offset = '0'] = /at position (\d+)/.exec(nodeMessage) ?? [];
  let problem = `${positionOf(text, Number(offset))}: not valid JSON.`;
  try {
    const visited = visitText(text);
    if (Array.isArray(visited)) return JSON.parse(withBlanks(text, visited));
    problem = visited;
  } catch {
    // The text is nested so deep that jsonc-parser exhausts the stack, or a bundle lacks a part of jsonc-parser.
  }
  throw new FlagshipError(problem, FlagshipErrorCode.PARSE_ERROR);
}

/**
 * Returns the comments and trailing commas of a text, in order; or a message with the position of a syntax error.
 *
 * The `imports` of package.json name the ES modules of jsonc-parser for bundlers: they cannot follow the calls of
 * `require` in its CommonJS build (https://github.com/microsoft/node-jsonc-parser/issues/57, checked with jsonc-parser
 * 3.3.1 and esbuild 0.28).
 */
function visitText(text: string): Range[] | string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- needed only for a text that is not plain JSON
  const { visit, printParseErrorCode } = require('#jsonc-parser') as typeof JsoncParser;
  const extras: Range[] = [];
  let problem: string | undefined;
  // The last separator, unless something else than a comment follows it.
  let comma: Range | undefined;
  const forgetComma = (): undefined => (comma = undefined);
  const keepTrailingComma = (): void => {
    if (comma !== undefined) extras.push(comma);
    comma = undefined;
  };
  visit(
    text,
    {
      onComment: (offset, length) => void extras.push({ offset, length }),
      onSeparator: (_, offset) => (comma = { offset, length: 1 }),
      onObjectProperty: forgetComma,
      onLiteralValue: forgetComma,
      onObjectBegin: forgetComma,
      onArrayBegin: forgetComma,
      onObjectEnd: keepTrailingComma,
      onArrayEnd: keepTrailingComma,
      onError: (error, offset) => {
        const words = printParseErrorCode(error).replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
        problem ??= `${positionOf(text, offset)}: not valid JSON (${words.toLowerCase()}).${hintFor(text)}`;
      },
    },
    { disallowComments: false, allowTrailingComma: true, allowEmptyContent: false },
  );
  return problem ?? extras.sort((one, other) => one.offset - other.offset);
}

/** Returns the text with blanks in place of its parts, so that all other characters keep their positions. */
function withBlanks(text: string, parts: readonly Range[]): string {
  const pieces: string[] = [];
  let end = 0;
  for (const { offset, length } of parts) {
    pieces.push(text.slice(end, offset), ' ');
    end = offset + length;
  }
  return [...pieces, text.slice(end)].join('');
}

function hintFor(text: string): string {
  return text.trimStart().startsWith('<') ? ' It begins as a web page does.' : '';
}

/** Returns line and column of a character. */
function positionOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

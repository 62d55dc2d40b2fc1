import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '../..');

/** A fenced block of a Markdown file. */
export interface Block {
  readonly language: string;
  readonly code: string;
  /** The line of the file on which the code starts, counted from one. */
  readonly line: number;
}

export function readMarkdown(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8');
}

export function blocksOf(markdown: string, language: string): Block[] {
  const blocks: Block[] = [];
  for (const match of markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    const [, found = '', code = ''] = match;
    const line = markdown.slice(0, match.index).split('\n').length + 1;
    if (found === language) blocks.push({ language: found, code, line });
  }
  return blocks;
}

/** Returns the file name in the comment on a block's first line. */
export function nameOf({ code, line }: Block): string {
  const name = /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1];
  if (name === undefined)
    throw new Error(`The block at line ${line} does not start with a comment that names it.`);
  return name;
}

/** Returns the text under a heading, up to the next heading of any level. */
export function sectionOf(markdown: string, heading: string): string {
  const start = new RegExp(`^#+ ${heading}$`, 'm').exec(markdown);
  if (start === null) throw new Error(`There is no heading "${heading}".`);
  const rest = markdown.slice(start.index + start[0].length);
  return rest.split(/^#+ /m)[0] ?? '';
}

/** Returns the rows of a section's first table, without its header. */
export function tableOf(markdown: string, heading: string): string[][] {
  const lines = sectionOf(markdown, heading).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const table = lines
    .slice(first)
    .slice(0, lines.slice(first).findIndex((line) => !line.startsWith('|')) >>> 0);
  return table.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Returns the anchor that GitHub derives from a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');
}

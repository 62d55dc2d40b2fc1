import { type Block, blocksOf, nameOf, readMarkdown } from './markdown';

export const readme = readMarkdown('README.md');

const isDeclaration = (block: Block): boolean => block.code.includes('\ndeclare module ');

/** Every block of TypeScript. */
export const typescriptBlocks: readonly Block[] = blocksOf(readme, 'ts');

/** Name → block, without those that only declare types: the blocks that can run. */
export const readmeCode: ReadonlyMap<string, Block> = new Map(
  typescriptBlocks.filter((block) => !isDeclaration(block)).map((block) => [nameOf(block), block]),
);

/** The blocks with declared flag keys. A declaration applies to a whole program, so they are one of their own. */
export const blocksWithDeclaredKeys: readonly Block[] = typescriptBlocks.filter(
  (block) => isDeclaration(block) || nameOf(block).startsWith('typed.'),
);

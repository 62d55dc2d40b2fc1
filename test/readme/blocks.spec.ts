import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { typeErrors } from './compile-blocks';
import { nameOf } from './markdown';
import { blocksWithDeclaredKeys, readmeCode, typescriptBlocks } from './readme-blocks';

/** The compiler reads every dependency's types, which takes minutes on a busy machine. */
const COMPILE_LIMIT_MS = 300_000;

describe("the README's blocks of code", () => {
  it('have names of their own', () => {
    const names = typescriptBlocks.map(nameOf);
    expect(names).toEqual([...new Set(names)]);
  });

  it(
    'compile',
    () => {
      const blocks = [...readmeCode.values()].filter((block) => !blocksWithDeclaredKeys.includes(block));
      expect(typeErrors('README.md', blocks)).toEqual([]);
    },
    COMPILE_LIMIT_MS,
  );

  it(
    'compile with declared flag keys',
    () => {
      expect(blocksWithDeclaredKeys.map(nameOf)).toEqual([
        'flag-types.ts',
        'typed.controller.ts',
        'flags.d.ts',
      ]);
      expect(typeErrors('README.md', blocksWithDeclaredKeys)).toEqual([]);
    },
    COMPILE_LIMIT_MS,
  );

  it('run in a test of this folder', () => {
    const specs = readdirSync(__dirname).filter((file) => file.endsWith('.spec.ts'));
    const sources = specs.map((file) => readFileSync(join(__dirname, file), 'utf8')).join('\n');
    const loaded = [...sources.matchAll(/>\(\s*'([\w.-]+\.ts)'/g)].map(([, name]) => name);
    expect([...new Set(loaded)].sort()).toEqual([...readmeCode.keys()].sort());
  });
});

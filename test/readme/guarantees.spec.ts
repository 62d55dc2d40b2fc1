import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const page = readFileSync(resolve('docs/guarantees.md'), 'utf8');
const readme = readFileSync(resolve('README.md'), 'utf8');

const files = [...page.matchAll(/`((?:lib|test)\/[^`]+)`/g)].map(([, file = '']) => file);
const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.split('|').length === 5);
const anchors = [...page.matchAll(/README\.md#([^)]+)\)/g)].map(([, anchor = '']) => anchor);

/** As GitHub makes them. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');
const titles = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title));

describe('the page of guarantees', () => {
  it('names many files', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it.each([...new Set(files)])('names %s, which exists', (file) => {
    expect(existsSync(resolve(file))).toBe(true);
  });

  it.each(anchors)('links to "%s" of the README, which exists', (anchor) => {
    expect(titles).toContain(anchor);
  });

  it('lists each guarantee once', () => {
    const guarantees = rows
      .map((row) => row.split('|')[1]?.trim())
      .filter((cell) => !/^-+$|^Guarantee$/.test(cell ?? ''));
    expect(guarantees.filter((guarantee, index) => guarantees.indexOf(guarantee) !== index)).toEqual([]);
  });

  it('has a test for every guarantee', () => {
    const guarantees = rows.filter((row) => !/^\| (-+|Guarantee|Wait) /.test(row) && row.includes('`lib/'));
    expect(guarantees.filter((row) => !/(?:\.spec\.ts|\/check\.mjs)`/.test(row))).toEqual([]);
  });
});

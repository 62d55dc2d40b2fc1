import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const page = readFileSync(resolve('ARCHITECTURE.md'), 'utf8');
const journeys = ['A guarded request', 'A refresh of definitions', 'Start and close', 'Options'];
const files = [...page.matchAll(/`((?:lib|test|tools|docs)\/[^`]+)`/g)].map(([, file = '']) => file);
const section = (title: string): string =>
  page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';

describe('ARCHITECTURE.md', () => {
  it.each([...new Set(files)])('names %s, which exists', (file) => {
    expect(existsSync(resolve(file))).toBe(true);
  });

  it.each(journeys)('tells the journey "%s" as a numbered list that names files', (title) => {
    const steps = section(title)
      .split('\n')
      .filter((line) => /^\d+\. /.test(line));
    expect(steps.length).toBeGreaterThan(3);
    expect(section(title).match(/`lib\/[^`]+\.ts`/g)?.length).toBeGreaterThan(3);
  });

  it('says what each folder of lib/ is for', () => {
    const folders = readdirSync(resolve('lib'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `lib/${name}/`);
    expect(folders.filter((folder) => !section('Folders').includes(`\`${folder}\``))).toEqual([]);
  });

  it('links to pages that exist', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(resolve(link)))).toEqual([]);
  });
});

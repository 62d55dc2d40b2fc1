import { existsSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json';
import { parsedOptions } from './documented-options';
import { anchorOf, readMarkdown, ROOT } from './markdown';

function anchorsOf(path: string): string[] {
  return [...readMarkdown(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

describe.each(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'])('%s', (file) => {
  const markdown = readMarkdown(file);

  it('names only commands that exist', () => {
    const scripts = [...markdown.matchAll(/npm (?:run ([\w:-]+)|(test)\b)/g)].map(
      ([, run, test]) => run ?? test,
    );
    for (const script of scripts) expect(packageJson.scripts).toHaveProperty([script ?? '']);
    for (const [, command = '', rest = ''] of markdown.matchAll(/npx nestjs-flagship (\w+)([^`\n]*)/g)) {
      expect(command).toBe('local');
      const used = [...rest.matchAll(/--[\w-]+/g)].map(([option]) => option);
      expect(parsedOptions()).toEqual(expect.arrayContaining(used));
    }
  });

  it('links to headings and files that exist', () => {
    const targets = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    for (const target of targets.filter((link) => !link.startsWith('http'))) {
      const [path = '', anchor] = target.split('#');
      expect([target, existsSync(join(ROOT, path))]).toEqual([target, true]);
      if (anchor !== undefined) expect(anchorsOf(path || file)).toContain(anchor);
    }
  });
});

it('CHANGELOG.md has the version of the package', () => {
  expect(readMarkdown('CHANGELOG.md')).toContain(`## [${packageJson.version}]`);
});

it('CONTRIBUTING.md lists each dependency with its purpose', () => {
  const { dependencies, devDependencies, peerDependencies } = packageJson;
  const listed = [...readMarkdown('CONTRIBUTING.md').matchAll(/^- (`[^:]+`):/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  const declared = [dependencies, peerDependencies, devDependencies].flatMap((group) => Object.keys(group));
  expect([...new Set(listed)].sort()).toEqual([...new Set(declared)].sort());
});

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import jestConsumer from '../consumers/test-runners/jest.config.json';
import sdkConsumer from '../consumers/open-feature-nest/package.json';
import { readMarkdown, ROOT, tableOf } from './markdown';

const CONSUMERS = join(ROOT, 'test/consumers');

/** The folders that `npm run consumers` runs. */
const consumers = readdirSync(CONSUMERS)
  .filter((name) => ['package.json', 'check.mjs'].some((file) => existsSync(join(CONSUMERS, name, file))))
  .sort();

const rows = tableOf(readMarkdown('docs/compatibility.md'), 'Compatibility').map(
  ([kind = '', tested = '', names = '']) => ({
    kind,
    tested,
    consumers: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  }),
);

describe('docs/compatibility.md', () => {
  it.each(rows)('names consumers that test $kind: $tested', ({ kind, tested, consumers: named }) => {
    expect([kind, tested]).not.toContain('');
    expect(named).not.toEqual([]);
    expect(consumers).toEqual(expect.arrayContaining(named));
  });

  it('names each consumer', () => {
    expect([...new Set(rows.flatMap((row) => row.consumers))].sort()).toEqual(consumers);
  });
});

it('the README has the override with which npm installs the Nest SDK of OpenFeature beside Nest 12', () => {
  const [, overrides = ''] = /^`"overrides": (.+)`$/m.exec(readMarkdown('README.md')) ?? [];
  expect(JSON.parse(overrides)).toEqual(sdkConsumer.overrides);
});

it.each([
  ['npm and Yarn', 'node_modules/@nestjs/core/index.js', 'node_modules/rxjs/index.js'],
  [
    'pnpm',
    'node_modules/.pnpm/@nestjs+core@12.5.1_x/node_modules/@nestjs/core/index.js',
    'node_modules/.pnpm/rxjs@7.8.2/node_modules/rxjs/index.js',
  ],
])('the README has the pattern with which Jest compiles Nest 12 as %s installs it', (_, nest, other) => {
  const [pattern = ''] = jestConsumer.transformIgnorePatterns;
  expect(readMarkdown('README.md')).toContain(`['${pattern.replaceAll('\\', '\\\\')}']`);
  expect(`/app/${nest}`).not.toMatch(new RegExp(pattern));
  expect(`/app/${other}`).toMatch(new RegExp(pattern));
});

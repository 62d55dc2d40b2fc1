import { violationsWith, type Violation } from './planted-tree';

const { forbidden } = jest.requireActual<{
  readonly forbidden: readonly { readonly name: string; readonly severity: string }[];
}>('../../.dependency-cruiser.cjs');

/** Files that other plants import. */
const IMPORTED: readonly (readonly [file: string, source: string])[] = [
  ['lib/ofrep/index.ts', "import '../errors';"],
  ['lib/schematics/index.ts', "import '../errors';"],
  ['lib/local-server/planted-constants.ts', 'export const DEFAULT_PORT = 4000;'],
  ['lib/evaluation/planted.spec.ts', "import '../errors';"],
  ['test/fixtures/planted.ts', 'export const fixture = 1;'],
];

const PURE = 'pure-folders-reach-no-package';

/** A folder of `lib/`, the source of a file in it, and the rules that report this file. */
type Row = readonly [folder: string, source: string, ...rules: string[]];

const DIRECTIONS: readonly Row[] = [
  ['module', "import '../flagship.module';", 'module-imports-inwards'],
  ['guards', "import '../module';", 'guards-imports-inwards'],
  ['guards', "import { FeatureFlag } from '../decorators';", 'guards-imports-inwards'],
  ['decorators', "import '../usage';", 'decorators-imports-inwards'],
  ['overrides', "import '../guards';", 'overrides-imports-inwards'],
  ['usage', "import '../hooks';", 'usage-imports-inwards'],
  ['hooks', "import '../module';", 'hooks-imports-inwards'],
  ['service', "import '../guards';", 'service-imports-inwards'],
  ['context', "import { FlagService } from '../service';", 'context-imports-inwards'],
  ['context', "import '../provider';", 'context-imports-inwards'],
  ['provider', "import '../context';", 'provider-imports-inwards'],
  ['caching', "import '../provider';", 'caching-imports-inwards'],
  ['sources', "import '../caching';", 'sources-imports-inwards'],
  ['store', "import '../sources';", 'store-imports-inwards'],
  ['store', "import '../http';", 'store-imports-inwards'],
  ['http', "import { GuardedStore } from '../store';", 'http-imports-inwards'],
  ['http', "import type { FlagshipModule } from '../flagship.module';", 'http-imports-inwards'],
  ['options', "import '../http';", 'options-imports-inwards'],
  ['types', "import '../logging';", 'types-imports-inwards', PURE],
  ['logging', "import '../options';", 'logging-imports-inwards'],
  ['logging', "import '../types';", 'logging-imports-inwards'],
  ['undocumented', "import '../types';", 'undocumented-imports-inwards'],
  ['runtime', "import '../logging';", 'runtime-imports-inwards'],
  ['errors', "import '../runtime';", 'errors-imports-inwards', PURE],
  [
    'evaluation',
    "import '../store';",
    'evaluation-imports-inwards',
    'evaluation-imports-types-and-errors',
    PURE,
  ],
  ['evaluation', "import { type JsonValue } from '../options';", 'evaluation-imports-types-and-errors', PURE],
  ['sources/remote', "import '../static';", 'sources-do-not-import-each-other'],
  ['context/request', "import '../scope';", 'context-imports-inwards-within'],
  ['context/scope', "import '../propagation';", 'context-imports-inwards-within'],
  ['helpers', "import '../errors';", 'every-folder-has-a-level'],
  ['.', "import './errors';", 'every-folder-has-a-level'],
];

const ENTRIES: readonly Row[] = [
  ['service', "import '../testing';", 'no-import-of-an-entry'],
  [
    '.',
    "export { startLocalFlagship } from './local-server';",
    'every-folder-has-a-level',
    'no-import-of-an-entry',
  ],
  [
    'options',
    "import { DEFAULT_PORT } from '../local-server/planted-constants';",
    'no-import-of-an-entry',
    'enter-folders-by-their-index',
  ],
  ['terminus', "import '../cli/main';", 'no-import-between-entries', 'enter-folders-by-their-index'],
  ['testing', "import '../local-server';", 'no-import-between-entries'],
  ['local-server', "import '../terminus';", 'no-import-between-entries'],
  ['ofrep', "import '../schematics';", 'no-import-between-entries'],
  ['schematics', "import '../ofrep';", 'no-import-between-entries'],
  ['cli', "import '../testing';", 'cli-imports-only-local-server'],
  ['terminus', "import '..';", 'no-import-of-the-main-entry'],
];

const INDEXES: readonly Row[] = [
  ['caching', "import '../http/limits';", 'enter-folders-by-their-index'],
  ['caching', "type Limits = typeof import('../http/limits');", 'enter-folders-by-their-index'],
  ['service', "import '../context/scope';", 'enter-folders-by-their-index'],
  ['sources', "import './remote/remote-source';", 'enter-folders-by-their-index'],
  ['context/scope', "import '../request/request-user';", 'enter-folders-by-their-index'],
  ['caching', "import '.';", 'no-import-of-the-own-index'],
  ['sources/remote', "import '..';", 'no-import-of-the-own-index'],
  ['sources/remote', "import './index';", 'no-import-of-the-own-index'],
];

const PACKAGES: readonly Row[] = [
  ['caching', "import { Injectable } from '@nestjs/common';", 'nest-only-where-nest-is-spoken'],
  ['caching', "import type { ModuleRef } from '@nestjs/core';", 'nest-only-where-nest-is-spoken'],
  [
    'hooks',
    "import '@openfeature/nestjs-sdk';",
    'nest-only-where-nest-is-spoken',
    'only-declared-dependencies',
  ],
  ['module', "import type { ContextFactory } from '@openfeature/nestjs-sdk';", 'only-declared-dependencies'],
  ['options', "import { Injectable } from '@nestjs/common';", 'options-import-types-of-nest'],
  ['evaluation', "import '@openfeature/server-sdk';", PURE],
  ['evaluation', "import 'node:crypto';", PURE],
  ['sources', "import 'node:https';", 'network-only-in-http-and-servers'],
  ['store', "const net = process.getBuiltinModule('net');", 'network-only-in-http-and-servers'],
  ['store', "import 'node:dns/promises';", 'network-only-in-http-and-servers'],
  ['cli', "const undici = require('undici');", 'network-only-in-http-and-servers'],
  ['local-server', "import { request } from 'undici';", 'servers-open-no-connections'],
  ['store', "import 'node:fs/promises';", 'files-only-in-listed-folders'],
  ['sources/remote', "import 'fs';", 'files-only-in-listed-folders'],
  ['store', "import { type Cache } from 'cache-manager';", 'only-declared-dependencies'],
  ['store', "const keyv = () => import('keyv');", 'only-declared-dependencies'],
  ['http', "import 'a-package-that-does-not-exist';", 'only-declared-dependencies'],
  ['http', "import '../../test/fixtures/planted';", 'no-import-of-tests'],
  ['evaluation', "import './planted.spec';", 'no-import-of-tests'],
];

/** What the rules must not report. */
const ALLOWED: readonly Row[] = [
  ['decorators', "import '../guards';"],
  ['usage', "import '../decorators'; import '../guards';"],
  ['module', "import '../errors';"],
  ['evaluation', "import { type JsonValue } from '../types'; import '../errors';"],
  ['context/propagation', "import '../scope'; import '../request'; import '../../options';"],
  ['sources/remote', "import '../flag-source';"],
  ['cli', "import '../local-server'; import 'node:fs';"],
  ['ofrep', "import '@nestjs/common'; import 'node:http'; import '../service';"],
  ['options', "import { type ModuleMetadata } from '@nestjs/common';"],
  ['http', "import 'undici'; import 'node:http';"],
];

const plants = new Map<string, string>(IMPORTED);
const planted = (rows: readonly Row[]) =>
  rows.map(([folder, source, ...rules]) => {
    const file = folder === '.' ? `lib/planted-${plants.size}.ts` : `lib/${folder}/planted-${plants.size}.ts`;
    plants.set(file, source);
    return { file, source, rules };
  });

const cycle = ['lib/http/planted-first.ts', 'lib/http/planted-second.ts'] as const;
plants.set(cycle[0], "import './planted-second';");
plants.set(cycle[1], "import './planted-first';");

const tables = {
  'the direction of imports': planted(DIRECTIONS),
  entries: planted(ENTRIES),
  indexes: planted(INDEXES),
  packages: planted(PACKAGES),
  'what is allowed': planted(ALLOWED),
};

let violations: readonly Violation[];
const rulesOf = (file: string): Set<string> =>
  new Set(violations.filter(({ from }) => from === file).map(({ rule }) => rule.name));

/** No entry imports the plants, so that this rule reports most of them. */
const DEAD = 'no-dead-files';
const otherRulesOf = (file: string): string[] => [...rulesOf(file)].filter((rule) => rule !== DEAD);

beforeAll(async () => {
  violations = await violationsWith(plants);
}, 180_000);

describe.each(Object.entries(tables))('%s', (_, rows) => {
  it.each(rows)('$file: $source', ({ file, rules }) => {
    expect(otherRulesOf(file).sort()).toEqual([...rules].sort());
  });
});

it('reports a cycle, once for all of its files', () => {
  expect(cycle.flatMap(otherRulesOf)).toEqual(['no-cycles']);
});

it('reports a file that no entry reaches', () => {
  expect(rulesOf('lib/local-server/planted-constants.ts')).toContain(DEAD);
});

it('reports no file of the repository', () => {
  expect(violations.filter(({ from }) => !plants.has(from))).toEqual([]);
});

it('reports each rule at least once, as an error', () => {
  const broken = new Set(violations.map(({ rule }) => rule.name));
  expect(forbidden.filter(({ name }) => !broken.has(name))).toEqual([]);
  expect(forbidden.filter(({ severity }) => severity !== 'error')).toEqual([]);
});

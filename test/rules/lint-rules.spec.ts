import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = resolve(__dirname, '../..');

/** The path of a file, its source, and the beginning of each report. */
type Row = readonly [file: string, source: string, ...reports: string[]];

const SUBPATH = 'no-restricted-syntax: Import a package by its name';
const LITERAL = 'no-restricted-syntax: Write the path of an import as a literal';
const OPTIONAL = 'no-restricted-syntax: Require an optional package within `try`';
const NOW = 'no-restricted-syntax: A duration is measured with performance.now()';
const TODAY = 'no-restricted-syntax: The time of day is new Date(wallClockMs())';
const DATE_TEXT = 'no-restricted-syntax: The time of day as text';
const RACE = 'no-restricted-syntax: A wait with a limit is withTimeLimit(…)';
const LOGGER = 'no-restricted-imports: ';
const CONSOLE = 'no-console: Unexpected console statement';
const fetchOf = (object: string) => `no-restricted-properties: '${object}.fetch' is restricted`;
const globalNamed = (name: string) => `no-restricted-globals: Unexpected use of '${name}'`;

const IMPORTS: readonly Row[] = [
  ['lib/guards/planted.ts', "import { Injector } from '@nestjs/core/injector/injector';", SUBPATH],
  ['lib/guards/planted.ts', "export { Injector } from '@nestjs/core/injector/injector';", SUBPATH],
  ['lib/provider/planted.ts', "import type { Hook } from '@openfeature/server-sdk/dist/types';", SUBPATH],
  ['lib/http/planted.ts', "const client = require('undici/lib/core/request');", SUBPATH],
  ['lib/http/planted.ts', "const client = () => import('undici/lib/core/request');", SUBPATH],
  ['lib/http/planted.ts', "type Client = import('undici/types/client').Client;", SUBPATH],
  ['lib/http/planted.ts', "import client = require('undici/lib/core/request');", SUBPATH],
  ['lib/guards/planted.ts', 'const load = (name: string) => require(name);', LITERAL],
  ['lib/guards/planted.ts', 'const load = (name: string) => import(`node:${name}`);', LITERAL],
  ['lib/guards/planted.ts', "const load = () => require('@nestjs/websockets');", OPTIONAL],
  ['lib/guards/planted.ts', "try { load(); } catch { require('@nestjs/websockets'); }", OPTIONAL],
  ['lib/service/planted.ts', "import { Logger } from '@nestjs/common';", LOGGER],
  ['lib/service/planted.ts', "import { ConsoleLogger } from '@nestjs/common';", LOGGER],
  ['lib/service/planted.ts', "import * as nest from '@nestjs/common';", LOGGER],
];

const EXPORTS: readonly Row[] = [
  ['lib/service/planted.ts', 'export default 1;', 'no-restricted-syntax: Export by name.'],
  [
    'lib/service/planted.ts',
    "export * from './flag.service';",
    'no-restricted-syntax: Name what is exported.',
  ],
];

const NAMES: readonly Row[] = [
  ['lib/sources/planted.ts', "void fetch('http://127.0.0.1');", globalNamed('fetch')],
  ['lib/sources/planted.ts', "new WebSocket('ws://127.0.0.1');", globalNamed('WebSocket')],
  ['lib/sources/planted.ts', 'new XMLHttpRequest();', globalNamed('XMLHttpRequest')],
  ['lib/sources/planted.ts', "new EventSource('http://127.0.0.1');", globalNamed('EventSource')],
  ['lib/sources/planted.ts', "void globalThis.fetch('http://127.0.0.1');", fetchOf('globalThis')],
  ['lib/sources/planted.ts', 'const { fetch: get } = globalThis;', fetchOf('globalThis')],
  ['lib/sources/planted.ts', "void global['fetch']('http://127.0.0.1');", fetchOf('global')],
  ['lib/caching/planted.ts', 'Date.now();', NOW],
  ['lib/caching/planted.ts', 'new Date();', TODAY],
  ['lib/caching/planted.ts', 'Date();', DATE_TEXT],
  ['lib/caching/planted.ts', 'void Promise.race([]);', RACE],
  ['lib/caching/planted.ts', 'void Promise.any([]);', RACE],
  ['lib/cli/planted.ts', "console.log('text');", CONSOLE],
];

/** An exemption covers one rule: the others hold in the same file. */
const EXEMPT: readonly Row[] = [
  ['lib/runtime/wall-clock.ts', 'Date.now(); void Promise.race([]);', RACE],
  ['lib/runtime/with-time-limit.ts', 'void Promise.race([]); Date.now();', NOW],
  ['lib/logging/planted.ts', "import { Logger } from '@nestjs/common'; console.log(Date.now());", NOW],
  ['lib/http/planted.ts', "void globalThis.fetch('http://127.0.0.1'); void fetch; console.log();", CONSOLE],
  ['lib/options/resolve-http.ts', 'void globalThis.fetch; void fetch;', globalNamed('fetch')],
];

/** What the rules must not report. */
const ALLOWED: readonly Row[] = [
  ['lib/sources/planted.ts', "import { open } from 'node:fs/promises'; import { limits } from '../http';"],
  ['lib/guards/planted.ts', "import { Injectable } from '@nestjs/common'; const rxjs = require('rxjs');"],
  ['lib/guards/planted.ts', "try { require('@nestjs/websockets'); } catch { }"],
  ['lib/caching/planted.ts', 'new Date(0); performance.now(); void Promise.all([]);'],
  ['lib/sources/planted.ts', 'class Source { fetch() {} } new Source().fetch();'],
  ['lib/service/planted.spec.ts', 'Date.now(); void Promise.race([]);'],
];

const tables = {
  imports: IMPORTS,
  exports: EXPORTS,
  names: NAMES,
  exemptions: EXEMPT,
  'what is allowed': ALLOWED,
};
const rows = Object.values(tables).flat();

interface Linted {
  readonly planted: readonly (readonly string[])[];
  readonly exempt: readonly { readonly filePath: string; readonly reports: readonly string[] }[];
  readonly rules: Readonly<Record<string, unknown>>;
}

async function lint(): Promise<Linted> {
  const child = spawn(process.execPath, [join(__dirname, 'lint-sources.mjs')], { cwd: ROOT });
  child.stdin.end(JSON.stringify(rows.map(([file, source]) => ({ file, source }))));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as Linted;
}

/** Returns the messages in the settings of a rule, at any depth. */
function messagesIn(settings: unknown): string[] {
  if (typeof settings !== 'object' || settings === null) return [];
  return Object.entries(settings).flatMap(([name, value]) =>
    name === 'message' ? [String(value)] : messagesIn(value),
  );
}

let linted: Linted;

beforeAll(async () => {
  linted = await lint();
}, 180_000);

describe.each(Object.entries(tables))('%s', (_, table) => {
  it.each(table.map((row) => ({ row, file: row[0], source: row[1] })))('$file: $source', ({ row }) => {
    const [, , ...reports] = row;
    expect(linted.planted[rows.indexOf(row)]).toEqual(
      reports.map((report): unknown => expect.stringContaining(report)),
    );
  });
});

it('reports no file of the folders that are exempt from a rule', () => {
  expect(linted.exempt.length).toBeGreaterThan(0);
  expect(linted.exempt.filter(({ reports }) => reports.length > 0)).toEqual([]);
});

it('reports each rule at least once, as an error', () => {
  const reports = linted.planted.flat();
  for (const [rule, [severity, ...settings]] of Object.entries(linted.rules) as [string, unknown[]][]) {
    expect([rule, severity]).toEqual([rule, 2]);
    expect(reports).toContainEqual(expect.stringContaining(`${rule}: `));
    for (const message of messagesIn(settings))
      expect(reports).toContainEqual(expect.stringContaining(message));
  }
});

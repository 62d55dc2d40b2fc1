/**
 * The rules of `lib/` about the files and packages that a file imports. `eslint.config.mjs` has the rules about single
 * names: globals, Nest's `Logger`, the names of packages. `test/rules/` plants a violation of each rule and expects its
 * report.
 */

/**
 * The folders of `lib/`, from the outermost level to the innermost. A folder imports from the levels below its own, and
 * may skip some. `overrides`, `ofrep` and `schematics` do not exist yet; their rules hold from their first file on.
 */
const LEVELS = [
  ['module'],
  ['guards', 'decorators', 'overrides', 'usage', 'hooks'],
  ['service'],
  ['context', 'provider'],
  ['caching'],
  ['sources'],
  ['store', 'http', 'evaluation'],
  ['options'],
  ['types', 'logging', 'undocumented'],
  ['runtime'],
  ['errors'],
];

/** The imports between folders of one level. */
const BESIDE = {
  // `@FeatureFlag` attaches the guard, and the requirements that the guard reads.
  decorators: ['guards'],
  // The list of used flags reads what the decorators of handlers and parameters have stored.
  usage: ['guards', 'decorators'],
};

/** The folders that applications import, or start, under a name of their own. */
const ENTRIES = ['local-server', 'testing', 'ofrep', 'terminus', 'cli', 'schematics'];

const ENTRY_FILE = `^lib/(index|cli/main|(${ENTRIES.join('|')})/index)\\.ts$`;

const FACE = '^lib/(index|flagship\\.module)\\.ts$';
const SPEC = '\\.spec\\.ts$';

const folders = (names) => `^lib/(${names.join('|')})/`;
const packages = (names) => `(^|/)node_modules/(${names.join('|')})/`;
const core = (names) => `^(node:)?(${names.join('|')})(/|$)`;
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** Returns the rule that a folder imports neither from the levels above its own nor, with exceptions, from its own. */
function importsInwards(folder, level) {
  const neighbours = LEVELS[level].filter((other) => other !== folder && !BESIDE[folder]?.includes(other));
  const outside = [...LEVELS.slice(0, level).flat(), ...neighbours];
  return forbid(
    `${folder}-imports-inwards`,
    'A folder imports from the levels below its own.',
    { path: folders([folder]), pathNot: SPEC },
    { path: outside.length > 0 ? [FACE, folders(outside)] : FACE },
  );
}

const directions = [
  ...LEVELS.flatMap((names, level) => names.map((folder) => importsInwards(folder, level))),
  forbid(
    'evaluation-imports-types-and-errors',
    'The evaluation of flags does not depend on options.',
    { path: '^lib/evaluation/', pathNot: SPEC },
    { path: '^lib/', pathNot: '^lib/(evaluation|types|errors)/' },
  ),
  forbid(
    'no-import-of-the-main-entry',
    'The main entry lists the public names, and imports everything.',
    { path: [folders(ENTRIES), '^lib/flagship\\.module\\.ts$'], pathNot: SPEC },
    { path: '^lib/index\\.ts$' },
  ),
  forbid(
    'no-import-of-an-entry',
    'An application loads only the entries that it imports. What an entry shares belongs to an inner folder.',
    { path: '^lib/', pathNot: [folders(ENTRIES), SPEC] },
    { path: folders(ENTRIES) },
  ),
  forbid(
    'no-import-between-entries',
    'What two entries share belongs to an inner folder.',
    { path: `^lib/(${ENTRIES.join('|')})/`, pathNot: ['^lib/cli/', SPEC] },
    { path: folders(ENTRIES), pathNot: '^lib/$1/' },
  ),
  forbid(
    'cli-imports-only-local-server',
    'The command starts the local Flagship, and uses no other entry.',
    { path: '^lib/cli/', pathNot: SPEC },
    { path: folders(ENTRIES), pathNot: '^lib/(cli|local-server)/' },
  ),
  forbid(
    'sources-do-not-import-each-other',
    'The provider chooses one source.',
    { path: '^lib/sources/([^/]+)/', pathNot: SPEC },
    { path: '^lib/sources/[^/]+/', pathNot: '^lib/sources/$1/' },
  ),
  forbid(
    'context-imports-inwards-within',
    'The order is propagation → scope → request.',
    { path: '^lib/context/(request|scope)/', pathNot: SPEC },
    { path: '^lib/context/(scope|propagation)/', pathNot: '^lib/context/$1/' },
  ),
  forbid(
    'every-folder-has-a-level',
    'No rule would hold for a folder that neither LEVELS nor ENTRIES names.',
    { path: '^lib/', pathNot: [FACE, folders([...LEVELS.flat(), ...ENTRIES])] },
    {},
  ),
];

// `$1` is the folder of the importing file, `$2` the folder within it. For a file that is not so deep they are its name,
// which is no folder, so that those patterns match nothing.
const indexes = [
  forbid(
    'enter-folders-by-their-index',
    'The index of a folder names what other folders may use. The same holds for a folder within a folder.',
    { path: '^lib/([^/]+)/?([^/]*)' },
    {
      path: '^lib/.+/',
      pathNot: ['^lib/$1/[^/]+$', '^lib/$1/$2/', '^lib/[^/]+/index\\.ts$', '^lib/$1/[^/]+/index\\.ts$'],
    },
  ),
  forbid(
    'no-import-of-the-own-index',
    'The index of a folder imports its files, so that the two would form a cycle.',
    { path: '^lib/([^/]+)/([^/]+)', pathNot: ['/index\\.ts$', SPEC] },
    { path: ['^lib/$1/index\\.ts$', '^lib/$1/$2/index\\.ts$'] },
  ),
];

const NEST = packages(['@nestjs/[^/]+', '@openfeature/nestjs-sdk']);
/** `context/scope` defines injectable classes, and recognizes Nest's `StreamableFile`. */
const NEST_FOLDERS = [
  ...['module', 'guards', 'decorators', 'overrides', 'usage', 'context', 'service', 'logging'],
  ...['testing', 'terminus', 'ofrep'],
];

const packageRules = [
  forbid(
    'nest-only-where-nest-is-spoken',
    'The provider and what stands behind it work without Nest.',
    { path: '^lib/', pathNot: [FACE, folders([...NEST_FOLDERS, 'options']), SPEC] },
    { path: NEST },
  ),
  forbid(
    'options-import-types-of-nest',
    "The types of the module's options refer to Nest's; their checks and defaults work without Nest.",
    { path: '^lib/options/', pathNot: SPEC },
    { path: NEST, dependencyTypesNot: ['type-only'] },
  ),
  forbid(
    'pure-folders-reach-no-package',
    'An evaluation depends on its arguments alone. `util/types` holds predicates of values.',
    { path: folders(['evaluation', 'types', 'errors']), pathNot: SPEC },
    { pathNot: ['^lib/', core(['util/types'])], reachable: true },
  ),
  forbid(
    'network-only-in-http-and-servers',
    'lib/http opens connections, with limits and retries. The servers accept connections.',
    { path: '^lib/', pathNot: [folders(['http', 'local-server', 'ofrep']), SPEC] },
    { path: [core(['https?', 'http2', 'net', 'tls', 'dgram', 'dns']), packages(['undici'])] },
  ),
  forbid(
    'servers-open-no-connections',
    'undici is an HTTP client, and a server does not need one.',
    { path: folders(['local-server', 'ofrep']), pathNot: SPEC },
    { path: packages(['undici']) },
  ),
  forbid(
    'files-only-in-listed-folders',
    'The static source reads flags files, and the polling source keeps definitions in a file.',
    {
      path: '^lib/',
      pathNot: ['^lib/sources/(static/|polling/|regular-file\\.ts$)', folders(['local-server', 'cli']), SPEC],
    },
    { path: core(['fs']) },
  ),
  forbid(
    'only-declared-dependencies',
    'A package that package.json does not declare is missing where this one is installed.',
    // The exception loads the application's `@nestjs/graphql`, and works without it. The `imports` of package.json lead
    // to declared packages as well.
    { path: '^lib/', pathNot: ['^lib/context/request/graphql-operation\\.ts$', SPEC] },
    {
      dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
      dependencyTypesNot: ['npm', 'npm-peer', 'aliased-subpath-import'],
    },
  ),
  forbid(
    'no-import-of-tests',
    'Tests, benchmarks and the sample are not part of the package.',
    { path: '^lib/', pathNot: SPEC },
    { path: [SPEC, '^(test|bench|sample|tools)/'] },
  ),
];

module.exports = {
  forbidden: [
    ...directions,
    ...indexes,
    ...packageRules,
    forbid(
      'no-cycles',
      'In a cycle, one file runs before a file that it imports.',
      { path: '^lib/' },
      { circular: true },
    ),
    forbid(
      'no-dead-files',
      'A file that no entry of the package reaches is not in use.',
      { path: ENTRY_FILE },
      { path: '^lib/', pathNot: [ENTRY_FILE, SPEC], reachable: false },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};

import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** What every TypeScript file avoids. */
const EXPORTS = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
];

/** Matches `undici/lib/core` and `@nestjs/core/injector`. `\u002F` is a slash, which would end the expression. */
const SUBPATH = String.raw`/^(?!\.|node:)(@[^\u002F]+\u002F)?[^@\u002F][^\u002F]*\u002F./`;

/** Imports that `.dependency-cruiser.cjs` cannot judge: it knows the file of an import, but not the text. */
const IMPORTS = [
  {
    selector: [
      `:matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression)[source.value=${SUBPATH}]`,
      `CallExpression[callee.name="require"][arguments.0.value=${SUBPATH}]`,
      `:matches(TSImportType, TSExternalModuleReference) Literal[value=${SUBPATH}]`,
    ].join(),
    message: 'Import a package by its name: files inside of it are not documented and move between versions.',
  },
  {
    selector: [
      'ImportExpression[source.type!="Literal"]',
      'CallExpression[callee.name="require"][arguments.0.type!="Literal"]',
    ].join(),
    message: 'Write the path of an import as a literal, so that the import rules see it.',
  },
  {
    selector: 'CallExpression[callee.name="require"][arguments.0.value=/^@/]:not(TryStatement > .block *)',
    message: 'Require an optional package within `try`: elsewhere bundlers fail where it is not installed.',
  },
];

/** The time of day and limited waits have one way each. */
const TIME = [
  {
    selector: 'MemberExpression[object.name="Date"][property.name="now"]',
    message: 'A duration is measured with performance.now(); the time of day is wallClockMs().',
  },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'The time of day is new Date(wallClockMs()).',
  },
  {
    selector: 'CallExpression[callee.name="Date"]',
    message: 'The time of day as text is new Date(wallClockMs()).toString().',
  },
];
const WAITS = [
  {
    selector: 'MemberExpression[object.name="Promise"][property.name=/^(race|any)$/]',
    message: 'A wait with a limit is withTimeLimit(…).',
  },
];

const CLIENTS = ['fetch', 'WebSocket', 'XMLHttpRequest', 'EventSource'];
const GLOBALS = ['globalThis', 'global', 'self', 'window'];
const CONNECT = 'lib/http opens connections, with limits and retries.';

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', 'test/types/fixtures'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unnecessary-condition': 'error',
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/unified-signatures': 'off',
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...EXPORTS],
    },
  },
  {
    // Logs, the console, connections and the time of day have one way each.
    files: ['lib/**/*.ts'],
    ignores: ['lib/**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...EXPORTS, ...IMPORTS, ...TIME, ...WAITS],
      'no-restricted-globals': ['error', ...CLIENTS.map((name) => ({ name, message: CONNECT }))],
      'no-restricted-properties': [
        'error',
        ...GLOBALS.flatMap((object) => CLIENTS.map((property) => ({ object, property, message: CONNECT }))),
      ],
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@nestjs/common',
              importNames: ['Logger', 'ConsoleLogger'],
              message: 'Write with FlagshipLogger, which escapes what it writes.',
            },
          ],
        },
      ],
    },
  },
  // What the rules above point to.
  {
    files: ['lib/runtime/wall-clock.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EXPORTS, ...IMPORTS, ...WAITS] },
  },
  {
    files: ['lib/runtime/with-time-limit.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EXPORTS, ...IMPORTS, ...TIME] },
  },
  {
    files: ['lib/http/**/*.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
  },
  {
    // The default of the option `fetch`: passed on to lib/http, and not called.
    files: ['lib/options/resolve-http.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['lib/logging/**/*.ts'],
    rules: { 'no-console': 'off', 'no-restricted-imports': 'off' },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
    },
  },
  {
    // Applications of their own, with other versions and settings: their own compilers check the types.
    files: ['test/consumers/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    // What is injected is a value, although it looks like a type.
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
  },
  { files: ['jest.config.ts', '**/vitest.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.mjs', '**/*.cjs', 'sample/public/**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        require: 'readonly',
        module: 'writable',
        document: 'readonly',
        window: 'readonly',
        location: 'readonly',
        setImmediate: 'readonly',
        clearImmediate: 'readonly',
        global: 'readonly',
        __dirname: 'readonly',
      },
    },
  },
  prettier,
);

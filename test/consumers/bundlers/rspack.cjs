const { join } = require('node:path');
const { rspack } = require('@rspack/core');
const { LAZY_IMPORTS } = require('./lazy-imports.cjs');

const config = {
  mode: 'production',
  target: 'node',
  entry: './dist/main.js',
  output: { path: join(__dirname, 'bundles'), filename: 'rspack.js' },
  // Nest loads `file-type` by `import()` only where a pipe validates an uploaded file.
  ignoreWarnings: [{ module: /nestjs-flagship/, message: /Can't resolve/ }],
  externals: [...LAZY_IMPORTS, 'file-type'].map((name) => ({ [name]: `commonjs ${name}` })),
};

rspack(config, (error, stats) => {
  const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
  const ours = warnings.filter(({ moduleName }) => moduleName?.includes('nestjs-flagship'));
  const problems = [...(error ? [error] : []), ...errors, ...ours];
  for (const { message } of problems) console.error(message);
  process.exitCode = problems.length > 0 ? 1 : 0;
});

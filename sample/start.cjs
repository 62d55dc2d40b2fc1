// Starts the shop from TypeScript sources. Each file is compiled when it is loaded, without type checks:
// `npm run types` checks the types, and a build of the package is not needed.
console.log('  Compiling the package and the sample …');
require('ts-node/register/transpile-only');
// The sample imports the package by its name, which the root tsconfig.json maps to `lib/`.
require('tsconfig-paths/register');
require('./src/main');

// Loads what a Nest application has loaded anyway, then times what comes on top.
require('reflect-metadata');
require('@nestjs/common');
require('@nestjs/core');
require('rxjs');

const start = performance.now();
for (const name of process.argv.slice(2)) require(name);
const time = performance.now() - start;

const undici = Object.keys(require.cache).some((file) => /node_modules[\\/]undici[\\/]/.test(file));
require('../../tools/child-side.cjs').serveParent({ time, undici });

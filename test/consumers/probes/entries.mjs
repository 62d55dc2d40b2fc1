// Runs inside a consumer: loads every entry that the installed package names, once by `require` and once by `import`.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

/** Names that only the namespace of an imported CommonJS module has. */
const OF_THE_NAMESPACE = new Set(['default', 'module.exports', '__esModule']);

const require = createRequire(import.meta.url);
const manifest = require('nestjs-flagship/package.json');

async function checkCode(specifier) {
  const required = require(specifier);
  const imported = await import(specifier);
  const names = Object.keys(required);
  assert.ok(names.length > 0, `${specifier} exports nothing`);
  assert.deepEqual(
    Object.keys(imported).filter((name) => !OF_THE_NAMESPACE.has(name)),
    names.sort(),
    `${specifier}: names that \`import { … }\` knows, and those that \`require\` gives`,
  );
  for (const name of names) {
    assert.equal(imported[name], required[name], `${specifier}: two of ${name}`);
    assert.notEqual(required[name], undefined, `${specifier}: ${name} is undefined`);
  }
  assert.equal(imported.default, required, `${specifier}: the default import`);
}

async function checkJson(specifier) {
  const { default: imported } = await import(specifier, { with: { type: 'json' } });
  assert.deepEqual(imported, require(specifier));
}

for (const entry of Object.keys(manifest.exports)) {
  assert.ok(!entry.includes('*'), `the pattern ${entry} cannot be checked; name the entries one by one`);
  const specifier = manifest.name + entry.slice(1);
  await (entry.endsWith('.json') ? checkJson(specifier) : checkCode(specifier));
  console.log(entry);
}

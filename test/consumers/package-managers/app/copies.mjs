// Of these packages a process may have one copy: the application, this package and OpenFeature's must find the same.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const application = createRequire(import.meta.url);
const flagship = createRequire(application.resolve('nestjs-flagship'));
const serverSdk = createRequire(application.resolve('@openfeature/server-sdk'));

for (const name of [
  '@nestjs/common',
  '@nestjs/core',
  'rxjs',
  '@openfeature/server-sdk',
  '@openfeature/core',
]) {
  assert.equal(flagship.resolve(name), application.resolve(name), name);
}
assert.equal(serverSdk.resolve('@openfeature/core'), application.resolve('@openfeature/core'));

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Test } from '@nestjs/testing';
import { FlagshipModule } from 'nestjs-flagship';
import { FlagshipTestingModule, TestFlags } from 'nestjs-flagship/testing';
import request from 'supertest';
import { ShopModule } from '../src/shop.js';

test('opens and hides a route, and resets the flags', async () => {
  const testing = await Test.createTestingModule({ imports: [ShopModule] })
    .overrideModule(FlagshipModule)
    .useModule(FlagshipTestingModule.forRoot({ 'new-checkout': true }))
    .compile();
  const app = await testing.createNestApplication().init();
  const flags = app.get(TestFlags);
  const status = async () => (await request(app.getHttpServer()).post('/checkout')).status;

  assert.equal(await status(), 201);
  flags.set('new-checkout', false);
  assert.equal(await status(), 404);
  flags.reset();
  assert.equal(await status(), 201);
  await app.close();
});

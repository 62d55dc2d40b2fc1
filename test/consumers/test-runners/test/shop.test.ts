import { type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FlagService, FlagshipModule } from 'nestjs-flagship';
import { FlagshipTestingModule, TestFlags } from 'nestjs-flagship/testing';
import request from 'supertest';
import { ShopModule } from '../src/shop.js';

describe('the shop with the flags of a test', () => {
  let app: INestApplication;
  let flags: TestFlags;
  const checkout = () => request(app.getHttpServer()).post('/checkout');

  beforeAll(async () => {
    const testing = await Test.createTestingModule({ imports: [ShopModule] })
      .overrideModule(FlagshipModule)
      .useModule(
        FlagshipTestingModule.forRoot(
          { 'new-checkout': true, 'upload-limit': 20 },
          { requestContext: { userId: 'x-user' } },
        ),
      )
      .compile();
    app = await testing.createNestApplication().init();
    flags = app.get(TestFlags);
  });
  afterEach(() => flags.reset());
  afterAll(() => app.close());

  it('opens and hides a route', async () => {
    await checkout().expect(201, { checkout: 'new' });
    flags.set('new-checkout', false);
    await checkout().expect(404);
    flags.setFor('ann', 'new-checkout', true);
    await checkout().set('x-user', 'ann').expect(201);
  });

  it('starts each test with the flags of the module', async () => {
    expect(flags.evaluations).toEqual([]);
    await checkout().expect(201);
    expect(flags.evaluations.map(({ flagKey, value }) => [flagKey, value])).toEqual([['new-checkout', true]]);
  });

  it('gives flags to parameters and services', async () => {
    flags.set('home-page', 'modern');
    await request(app.getHttpServer()).get('/').expect(200, { page: 'modern', uploadLimit: 20 });
  });
});

it('evaluates definitions without a network', async () => {
  const testing = await Test.createTestingModule({
    imports: [FlagshipModule.forRoot({ definitions: { 'upload-limit': 3 } })],
  }).compile();
  const app = await testing.init();
  expect(await app.get(FlagService).getNumberValue('upload-limit', 10)).toBe(3);
  await app.close();
});

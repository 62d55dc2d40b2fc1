import { type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { FlagService, FlagshipModule } from 'nestjs-flagship';
import request from 'supertest';
import { PriceService, SHOP_FLAGS, ShopModule } from '../src/shop';

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('the shop on %s', (_, adapter) => {
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [ShopModule.with({ definitions: SHOP_FLAGS })],
    }).compile();
    app = testing.createNestApplication(adapter(), { logger: ['error', 'warn'] });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  it('shows Ada what is new', async () => {
    await request(url)
      .get('/')
      .set('x-user', 'ada')
      .set('x-plan', 'pro')
      .expect(200, { page: 'modern', amount: 80, checkout: true, because: 'TARGETING_MATCH' });
    await request(url).get('/checkout').set('x-user', 'ada').expect(200, { checkout: 'new' });
  });

  it('hides it from Bob', async () => {
    await request(url)
      .get('/')
      .set('x-user', 'bob')
      .expect(200, { page: 'plain', amount: 100, checkout: false, because: 'DEFAULT' });
    const { body } = await request(url).get('/checkout').set('x-user', 'bob').expect(404);
    expect(body).toMatchObject({ message: 'Cannot GET /checkout' });
  });
});

describe('a service on its own', () => {
  it('gets the flags that its test sets', async () => {
    const testing = await Test.createTestingModule({
      imports: [FlagshipModule.forRoot({ definitions: { price: { amount: 5, currency: 'SEK' } } })],
      providers: [PriceService],
    }).compile();
    await testing.init();
    await expect(testing.get(PriceService).price()).resolves.toEqual({ amount: 5, currency: 'SEK' });
    await testing.close();
  });

  it('gets what a stand-in for FlagService says', async () => {
    const standIn: Pick<FlagService, 'getObjectValue'> = {
      getObjectValue: <Value>() => Promise.resolve({ amount: 1, currency: 'CHF' } as Value),
    };
    const testing = await Test.createTestingModule({
      providers: [PriceService, { provide: FlagService, useValue: standIn }],
    }).compile();
    await expect(testing.get(PriceService).price()).resolves.toEqual({ amount: 1, currency: 'CHF' });
  });
});

import { Controller, UseInterceptors } from '@nestjs/common';
import { type ApplicationConfig } from '@nestjs/core';
import {
  AsyncLocalStorageTransactionContextPropagator,
  type Hook,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
} from '@openfeature/server-sdk';
import { FlagService, FlagshipContextInterceptor, getFlagsToken } from 'nestjs-flagship';
import { adapters } from '../../fixtures/use-app';
import { useCleanup } from '../../fixtures/use-cleanup';
import { both, BothController, BothServices, http, useTwoModules } from '../../fixtures/use-two-modules';

const two = useTwoModules();
const { billingModule, listen, shopModule } = two;
const cleanUp = useCleanup();

describe.each(adapters)('a second module on %s', (_, adapter) => {
  it.each([
    ['after', () => [shopModule(), billingModule()]],
    ['before', () => [billingModule(), shopModule()]],
  ])('imported %s the first answers where its domain is named', async (_order, imports) => {
    const app = await listen(both(imports()), adapter);
    // The gate's flag, then one answer a request and module.
    await http(app)
      .get('/page')
      .expect(200, { shop: ['shop 1', 'shop 1'], billing: ['billing 1', 'billing 1', 'billing 1'] });
    await http(app)
      .get('/page')
      .expect(200, { shop: ['shop 2', 'shop 2'], billing: ['billing 2', 'billing 2', 'billing 2'] });
    two.billing.on = false;
    await http(app).get('/page').expect(404);

    const services = app.get(BothServices);
    expect(services.unnamed).toBe(services.byClass);
    expect(app.get(FlagService)).toBe(services.byClass);
    expect(app.get(getFlagsToken())).toBe(services.byClass);
    expect(app.get(getFlagsToken('billing'))).toBe(services.billing);
    expect(services.byClass.client).toBe(services.client);
    expect(services.billing.client).toBe(services.billingClient);
  });

  it('keeps its own context for its own flags, with one interceptor for both', async () => {
    let built = 0;
    const app = await listen(
      both([
        billingModule({
          context: { app: 'billing', currency: 'eur' },
          requestContext: { userId: 'x-account' },
          contextFactory: async () => ({ built: (built += 1) }),
        }),
        shopModule({ context: { app: 'shop' }, requestContext: { userId: 'x-user', headers: ['x-plan'] } }),
      ]),
      adapter,
    );
    const headers = { 'x-user': 'ann', 'x-plan': 'pro', 'x-account': 'acme' };
    const ofShop = { app: 'shop', targetingKey: 'ann', 'x-plan': 'pro' };
    const ofBilling = (count: number) => ({
      app: 'billing',
      currency: 'eur',
      targetingKey: 'acme',
      built: count,
    });

    await http(app)
      .get('/contexts')
      .set(headers)
      .expect(200, [ofShop, ofBilling(1)]);
    await http(app).get('/page').set(headers).expect(200);
    expect(two.shop.takeContexts()).toEqual([ofShop, ofShop]);
    expect(two.billing.takeContexts()).toEqual([ofBilling(2), ofBilling(2)]);
    expect(built).toBe(2);
    const { config } = app as unknown as { config: ApplicationConfig };
    // Where a factory makes none, Nest keeps the empty place.
    const interceptors = config.getGlobalInterceptors() as (object | undefined)[];
    expect(interceptors.filter((one) => one !== undefined).length).toBe(1);

    await http(app).get('/clients').set(headers).expect(200);
    expect(two.shop.takeContexts()).toEqual([ofShop]);
    // Injected, the client knows its module. A plain one sees the first module's context, as OpenFeature has but one.
    expect(two.billing.takeContexts()).toEqual([ofBilling(3), ofShop]);
  });
});

describe('a module of two', () => {
  it('sees only what it is passed where it opens no scope', async () => {
    const app = await listen(
      both([
        shopModule({ requestContext: { userId: 'x-user' } }),
        billingModule({
          propagation: 'none',
          context: { region: 'eu' },
          requestContext: { userId: 'x-user' },
        }),
      ]),
    );
    await http(app)
      .get('/contexts')
      .set('x-user', 'ann')
      .expect(200, [{ targetingKey: 'ann' }, { region: 'eu' }]);
    await http(app).get('/clients').set('x-user', 'ann').expect(200);
    expect(two.billing.takeContexts()).toEqual([{ region: 'eu' }, { targetingKey: 'ann' }]);
    // Guard and parameters share the request's context all the same; the service asks for its own.
    await http(app).get('/page').set('x-user', 'ann').expect(200);
    const ofRequest = { region: 'eu', targetingKey: 'ann' };
    expect(two.billing.takeContexts()).toEqual([ofRequest, ofRequest, { region: 'eu' }]);
  });

  it('opens its scope where the other opens none', async () => {
    const app = await listen(
      both([
        shopModule({ propagation: 'none', requestContext: { userId: 'x-user' } }),
        billingModule({ requestContext: { userId: 'x-user' } }),
      ]),
    );
    await http(app)
      .get('/contexts')
      .set('x-user', 'ann')
      .expect(200, [{}, { targetingKey: 'ann' }]);
    await http(app).get('/clients').set('x-user', 'ann').expect(200);
    expect(two.shop.takeContexts()).toEqual([{}]);
  });

  it('is in the scopes that a controller asks for', async () => {
    @UseInterceptors(FlagshipContextInterceptor)
    @Controller('full')
    class FullController extends BothController {}
    const app = await listen({
      imports: [
        shopModule({ propagation: 'none', requestContext: { userId: 'x-user' } }),
        billingModule({ propagation: 'none', requestContext: { userId: 'x-account' } }),
      ],
      controllers: [FullController],
      providers: [BothServices],
    });
    await http(app)
      .get('/full/contexts')
      .set({ 'x-user': 'ann', 'x-account': 'acme' })
      .expect(200, [{ targetingKey: 'ann' }, { targetingKey: 'acme' }]);
  });

  it('shows its hooks its own context', async () => {
    const seen: unknown[] = [];
    const hook: Hook = { before: ({ context, flagKey }) => void seen.push([flagKey, context.targetingKey]) };
    const app = await listen(
      both([
        shopModule({ requestContext: { userId: 'x-user' } }),
        billingModule({ requestContext: { userId: 'x-account' }, hooks: [hook] }),
      ]),
    );
    await http(app).get('/page').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    expect(seen).toEqual([
      ['gate', 'acme'],
      ['home', 'acme'],
    ]);
  });

  it('has its context where the application has a propagator of its own', async () => {
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
    cleanUp(async () => OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR));
    const app = await listen(
      both([
        shopModule({ requestContext: { userId: 'x-user' } }),
        billingModule({ requestContext: { userId: 'x-account' } }),
      ]),
    );
    await http(app).get('/page').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    await http(app).get('/clients').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    expect(new Set(two.shop.takeContexts().map(({ targetingKey }) => targetingKey))).toEqual(
      new Set(['ann']),
    );
    expect(two.billing.takeContexts().map(({ targetingKey }) => targetingKey)).toEqual([
      'acme',
      'acme',
      'acme',
      'ann',
    ]);
  });

  it('runs code under a context of its own, the other’s scope untouched', async () => {
    const app = await listen(both([shopModule({ context: { app: 'shop' } }), billingModule()]));
    const { byClass, billing: billingFlags } = app.get(BothServices);
    const seen = await byClass.withContext({ targetingKey: 'ann' }, () =>
      billingFlags.withContext({ targetingKey: 'acme' }, async () => {
        await byClass.getStringValue('a', '');
        await billingFlags.getStringValue('a', '');
        const within = [byClass.context, billingFlags.context];
        return [...within, byClass.withContext({ targetingKey: 'bob' }, () => billingFlags.context)];
      }),
    );
    const acme = { targetingKey: 'acme' };
    expect(seen).toEqual([{ app: 'shop', targetingKey: 'ann' }, acme, acme]);
    expect(two.shop.takeContexts()).toEqual([{ app: 'shop', targetingKey: 'ann' }]);
    expect(two.billing.takeContexts()).toEqual([acme]);
    byClass.withContext({ targetingKey: 'ann' }, () => {
      expect(billingFlags.context).toEqual({});
    });
  });

  it('does not keep the scopes that a chain of jobs has left', async () => {
    const app = await listen(both([shopModule(), billingModule()]));
    const { byClass, billing: billingFlags } = app.get(BothServices);
    // Each job is started from within the one before: what they left behind would all be searched for a billing scope.
    const job = async (left: number): Promise<unknown> => {
      if (left === 0) return [byClass.context, billingFlags.context];
      await Promise.resolve();
      return byClass.withContext({ targetingKey: String(left) }, () => job(left - 1));
    };
    expect(await job(20_000)).toEqual([{ targetingKey: '1' }, {}]);
  });
});

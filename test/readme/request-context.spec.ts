import { Injectable, Module, type Type } from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import { FlagService, getFlagsToken, InjectFlags } from 'nestjs-flagship';
import { onFor } from './flags';
import { useReadme } from './use-readme';

const code = useReadme();

it('context.module.ts: the context has attributes of module, headers and factory', async () => {
  const { ContextModule } = code.load<{ ContextModule: Type }>('context.module.ts');
  const { FullController } = code.load<{ FullController: Type }>('lean.module.ts');
  @Module({ imports: [ContextModule], controllers: [FullController] })
  class ShowsContext {}
  const { http } = await code.start(ShowsContext);
  await http
    .get('/full')
    .set({ host: 'shop.example', 'x-plan': 'pro', 'x-other': 'x' })
    .expect(200, { service: 'shop', region: 'eu', plan: 'pro', tenant: 'shop.example' });
});

it('lean.module.ts: one controller has the interceptor', async () => {
  const { LeanModule } = code.load<{ LeanModule: Type }>('lean.module.ts');
  const { http } = await code.start(LeanModule);
  await http.get('/fast').expect(200, 'modern');
  await http.get('/full').set('x-user-id', 'ann').expect(200, { targetingKey: 'ann' });
});

it('middleware.module.ts: one controller has the middleware', async () => {
  const { MiddlewareModule } = code.load<{ MiddlewareModule: Type }>('middleware.module.ts');
  const { http } = await code.startWith(
    { imports: [MiddlewareModule] },
    { propagation: 'none', requestContext: { userId: 'x-user-id' } },
  );
  await http.get('/scoped').set('x-user-id', 'ann').expect(200, { targetingKey: 'ann' });
});

it('billing.module.ts: two modules serve two Flagship apps', async () => {
  const billing = await code.startFlagship({
    flags: {
      currency: 'CHF',
      'invoice-page': 'billing',
      invoices: onFor('invoices', 'targetingKey', 'acme'),
    },
    appId: 'billing',
  });
  code.setEnvironment('FLAGSHIP_BILLING_APP_ID', billing.appId);
  const { BillingModule } = code.load<{ BillingModule: Type }>('billing.module.ts');
  const { http } = await code.start(BillingModule);
  await http.get('/billing').expect(404);
  await http
    .get('/billing')
    .set('x-account', 'acme')
    .expect(200, { currency: 'CHF', page: 'modern', invoice: 'billing' });
});

it('service and client of a domain are injected by its name', async () => {
  @Injectable()
  class Reads {
    constructor(
      @OpenFeatureClient({ domain: 'billing' }) readonly client: Client,
      @InjectFlags('billing') readonly flags: FlagService,
    ) {}
  }
  const { app } = await code.startWith({ providers: [Reads] }, { domain: 'billing' });
  const { client, flags } = app.get(Reads);
  expect(await client.getStringValue('home-page', 'classic')).toBe('modern');
  expect(flags.client).toBe(client);
  expect(app.get(getFlagsToken('billing'))).toBe(flags);
  expect(() => app.get(FlagService)).toThrow('FlagService');
});

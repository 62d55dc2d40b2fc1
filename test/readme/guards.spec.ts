import { type CanActivate, type ExecutionContext, Module, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { onFor } from './flags';
import { useReadme } from './use-readme';

const code = useReadme();

it('reports.controller.ts: routes require the flags of controller and handler', async () => {
  const { ReportsController } = code.load<{ ReportsController: Type }>('reports.controller.ts');
  const { http } = await code.startWith({ controllers: [ReportsController] });
  await http.get('/reports/charts').expect(404);
  code.flagship.setFlags({
    reports: true,
    charts: true,
    'charts-export': false,
    plan: 'free',
    maintenance: true,
  });
  await http.get('/reports/charts').expect(404);
  await http.get('/reports/yearly').expect(403);
  const { body } = await http.get('/reports/live').expect(503);
  expect(body).toMatchObject({ message: 'live is closed' });
  code.flagship.setFlags({ reports: true, charts: true, 'charts-export': true, plan: 'team' });
  await http.get('/reports/charts').expect(200, 'charts');
  await http.get('/reports/yearly').expect(200, 'yearly');
  await http.get('/reports/live').expect(200, 'live');
});

it('account.controller.ts: the flag sees the user of the guard below it', async () => {
  const { AccountController } = code.load<{ AccountController: Type }>('account.controller.ts');
  code.flagship.setFlags({ 'new-account-page': onFor('new-account-page', 'targetingKey', 'ann') });
  const { http } = await code.startWith({ controllers: [AccountController] });
  await http.get('/account').expect(403);
  await http.get('/account').set('x-demo-user', 'bob').expect(404);
  await http.get('/account').set('x-demo-user', 'ann').expect(200, 'the new page');
});

it('checkout.controller.ts: a flag redirects, inverts and is bypassed', async () => {
  const { CheckoutController } = code.load<{ CheckoutController: Type }>('checkout.controller.ts');
  class Login implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const req = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
      req.user = { isStaff: req.headers['x-staff'] === 'yes' };
      return true;
    }
  }
  @Module({ providers: [{ provide: APP_GUARD, useClass: Login }] })
  class LoginModule {}
  const { http } = await code.startWith({ controllers: [CheckoutController], imports: [LoginModule] });
  await http.get('/checkout').expect(302).expect('location', '/old-checkout');
  await http.get('/checkout').set('x-staff', 'yes').expect(200, 'new');
  await http.get('/old-checkout').expect(200, 'old');
  await http.get('/wallets').expect(404);
  code.flagship.setFlags({ 'new-checkout': true, 'apple-pay': true, 'google-pay': false });
  await http.get('/checkout').expect(200, 'new');
  await http.get('/old-checkout').expect(404);
  await http.get('/wallets').expect(200, 'wallets');
});

it('beta.interceptor.ts: an interceptor reads the flags that a route requires', async () => {
  const { BetaInterceptor } = code.load<{ BetaInterceptor: Type }>('beta.interceptor.ts');
  const { PagesController } = code.load<{ PagesController: Type }>('pages.controller.ts');
  const { ReportsController } = code.load<{ ReportsController: Type }>('reports.controller.ts');
  code.flagship.setFlags({ reports: true, charts: true, 'charts-export': true });
  const { http } = await code.startWith({
    controllers: [ReportsController, PagesController],
    configure: (app) => app.useGlobalInterceptors(new BetaInterceptor() as never),
  });
  await http.get('/reports/charts').expect('x-flags', 'reports, charts, charts-export');
  expect((await http.get('/pages').expect(200)).headers).not.toHaveProperty('x-flags');
});

it('polite.guard.ts: a subclass of the guard refuses in other words', async () => {
  const { GuardsModule } = code.load<{ GuardsModule: Type }>('polite.guard.ts');
  const { ReportsController } = code.load<{ ReportsController: Type }>('reports.controller.ts');
  const { http } = await code.startWith({ controllers: [ReportsController], imports: [GuardsModule] });
  const { body } = await http.get('/reports/charts').expect(403);
  expect(body).toMatchObject({ message: 'Not for you yet: reports' });
});

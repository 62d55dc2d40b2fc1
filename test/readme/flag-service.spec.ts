import { type Type } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { FlagService } from 'nestjs-flagship';
import { onFor, rule } from './flags';
import { tableOf } from './markdown';
import { readme } from './readme-blocks';
import { useReadme } from './use-readme';

const code = useReadme();

it('pricing.service.ts: a service reads values and details', async () => {
  interface Pricing {
    price(amount: number): Promise<number>;
    explain(): Promise<string>;
    showsPrices(country: string): Promise<boolean>;
  }
  const { PricingService } = code.load<{ PricingService: Type<Pricing> }>('pricing.service.ts');
  code.flagship.setFlags({ 'discount-percent': 25, prices: onFor('prices', 'country', 'CH') });
  const pricing = (await code.startWith({ providers: [PricingService] })).app.get(PricingService);
  expect(await pricing.price(80)).toBe(60);
  expect(await pricing.explain()).toBe('25 (default, STATIC)');
  expect(await pricing.showsPrices('CH')).toBe(true);
  expect(await pricing.showsPrices('DE')).toBe(false);
  code.flagship.setFlags({});
  expect(await pricing.explain()).toBe('0 (no variant, FLAG_NOT_FOUND)');
});

it('look.service.ts: the default completes an object', async () => {
  interface Look {
    look(): Promise<object>;
    explain(): Promise<object[]>;
  }
  const { LookService } = code.load<{ LookService: Type<Look> }>('look.service.ts');
  const look = (await code.startWith({ providers: [LookService] })).app.get(LookService);
  expect(await look.look()).toEqual({ accent: 'teal', radius: 4 });
  expect(await look.explain()).toMatchObject([
    { value: { accent: 'teal' }, reason: 'STATIC' },
    { value: 'modern', reason: 'STATIC' },
  ]);
  code.flagship.setFlags({ look: 'none' });
  expect(await look.look()).toEqual({ accent: 'grey', radius: 4 });
});

it('typed.controller.ts: declared keys work at run time', async () => {
  const { TypedController } = code.load<{ TypedController: Type }>('typed.controller.ts');
  code.flagship.setFlags({ 'home-page': 'modern', 'upload-limit': 20, 'new-checkout': true });
  const { http } = await code.startWith({ controllers: [TypedController] });
  await http.get('/typed').expect(200, { limit: 20, misspelt: false, checkout: true });
  code.flagship.setFlags({ 'home-page': 'classic' });
  await http.get('/typed').expect(404);
});

it('pages.controller.ts: flags are parameters of a handler', async () => {
  const { PagesController } = code.load<{ PagesController: Type }>('pages.controller.ts');
  const { http } = await code.startWith({ controllers: [PagesController] });
  await http.get('/pages').expect(200, { page: 'modern', accent: 'teal', limit: 20, because: 'STATIC' });
});

it('newsletter.service.ts: code outside a request evaluates for a user', async () => {
  interface Newsletter {
    send(userId: string): Promise<string>;
  }
  const { NewsletterService } = code.load<{ NewsletterService: Type<Newsletter> }>('newsletter.service.ts');
  const newsletter = {
    key: 'newsletter',
    enabled: true,
    variations: { long: 'long', short: 'short' },
    default_variation: 'short',
    rules: [rule('targetingKey', 'ann', 'long')],
  };
  code.flagship.setFlags({ newsletter });
  const service = (await code.startWith({ providers: [NewsletterService] })).app.get(NewsletterService);
  expect(await Promise.all(['ann', 'bob'].map((user) => service.send(user)))).toEqual(['long', 'short']);
});

it('reports.job.ts: a job evaluates with the context of its arguments', async () => {
  interface Reports {
    process(job: object): Promise<string>;
    nightly(): Promise<string>;
  }
  const { ReportsJob } = code.load<{ ReportsJob: Type<Reports> }>('reports.job.ts');
  const report = {
    key: 'report',
    enabled: true,
    variations: { plain: 'plain', rich: 'rich', short: 'short' },
    default_variation: 'plain',
    rules: [rule('targetingKey', 'ann', 'rich'), rule('targetingKey', 'nightly', 'short')],
  };
  code.flagship.setFlags({ report });
  const { app } = await code.startWith({ providers: [ReportsJob], imports: [ScheduleModule.forRoot()] });
  const reports = app.get(ReportsJob);
  expect(await reports.process({ userId: 'ann' })).toBe('rich report for ann');
  expect(await reports.process({ userId: 'bob' })).toBe('plain report for bob');
  expect(await reports.nightly()).toBe('short');
  expect(app.get(SchedulerRegistry).getCronJobs().size).toBe(1);
});

it('the table of methods lists every method', () => {
  const methods = Object.getOwnPropertyNames(FlagService.prototype).filter((name) => name !== 'constructor');
  const listed = tableOf(readme, 'FlagService').flatMap(([cell = '']) =>
    [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name),
  );
  expect(listed.sort()).toEqual(methods.sort());
});

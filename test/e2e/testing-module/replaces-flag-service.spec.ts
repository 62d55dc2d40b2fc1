import { Controller, Get, Injectable, type InjectionToken } from '@nestjs/common';
import { type EvaluationDetails, OpenFeature } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  FlagValue,
  getFlagsToken,
  WithFlagContext,
} from 'nestjs-flagship';
import { FlagshipTestingModule } from 'nestjs-flagship/testing';
import { useLog } from '../../fixtures/captured-log';
import { type AppSetup, useApp } from '../../fixtures/use-app';

const apps = useApp();
const lines = useLog();

const definitions = { gate: false, page: 'own', limit: 1, look: { accent: 'own' } };

@Injectable()
class Jobs {
  constructor(private readonly flags: FlagService) {}

  @WithFlagContext(() => ({ targetingKey: 'ann' }))
  run(): Promise<boolean> {
    return this.flags.isEnabled('gate');
  }
}

@Controller()
class ShopController {
  constructor(private readonly flags: FlagService) {}

  @FeatureFlag('gate')
  @Get('gate')
  gate(): string {
    return 'open';
  }

  @FeatureFlag('page', { equals: 'test' })
  @Get('page')
  page(): string {
    return 'open';
  }

  @Get('details')
  details(@FlagDetails('page', 'mine') page: EvaluationDetails<string>): unknown {
    return page;
  }

  @Get('values')
  async values(
    @FlagValue('gate', false) gate: boolean,
    @FlagValue('page', 'mine') page: string,
    @FlagValue('limit', 0) limit: number,
    @FlagValue('look', {}) look: object,
    @FlagDetails('page', 'mine') details: EvaluationDetails<string>,
  ) {
    return { gate, page, limit, look, details, service: await this.flags.getStringValue('page', 'mine') };
  }
}

@Controller()
class BillingController {
  @FeatureFlag('gate', { domain: 'billing' })
  @Get('billing')
  gate(): string {
    return 'open';
  }
}

const start = (
  replacement: unknown,
  setup: AppSetup = { imports: [FlagshipModule.forRoot({ definitions })] },
  token: InjectionToken = FlagService,
) =>
  apps.start({
    controllers: [ShopController],
    providers: [Jobs],
    override: (builder) => builder.overrideProvider(token).useValue(replacement),
    ...setup,
  });

const values = {
  isEnabled: async () => true,
  getStringValue: async () => 'test',
  getNumberValue: async () => 20,
  getObjectValue: async () => ({ accent: 'test' }),
};
const details = (value: unknown) => async (flagKey: string) => ({
  flagKey,
  value,
  variant: 'v',
  reason: 'STATIC',
  flagMetadata: {},
});
const withDetails = {
  ...values,
  getBooleanDetails: details(true),
  getStringDetails: details('test'),
  getNumberDetails: details(20),
  getObjectDetails: details({ accent: 'test' }),
};

describe('overrideProvider(FlagService)', () => {
  it.each<readonly [string, object]>([
    ['values alone', values],
    [
      'values of a boolean alone as getBooleanValue',
      { ...values, isEnabled: undefined, getBooleanValue: () => true },
    ],
    ['values that are not promises', { ...values, isEnabled: () => true, getStringValue: () => 'test' }],
    ['details as well', withDetails],
  ])('reaches guards and parameters: with %s', async (_, replacement) => {
    const { app, http } = await start(replacement);
    await http.get('/gate').expect(200, 'open');
    await http.get('/page').expect(200, 'open');
    const { body } = (await http.get('/values').expect(200)) as { body: Record<string, unknown> };
    expect(body).toMatchObject({
      gate: true,
      page: 'test',
      limit: 20,
      look: { accent: 'test' },
      details: { flagKey: 'page', value: 'test' },
      service: 'test',
    });
    if ('isEnabled' in replacement && replacement.isEnabled !== undefined)
      expect(await app.get(Jobs).run()).toBe(true);
    expect(lines).toEqual([]);
  });

  it.each<readonly [string, object]>([
    ['has none of the methods', {}],
    ['returns nothing', { getBooleanDetails: () => undefined, isEnabled: jest.fn() }],
    [
      'throws',
      {
        getBooleanDetails: () => {
          throw new Error('of the test');
        },
      },
    ],
    ['rejects', { isEnabled: () => Promise.reject(new Error('of the test')) }],
  ])('that %s leaves defaults, and guards refuse', async (_, replacement) => {
    const { http } = await start({ getStringValue: () => 'x', ...replacement });
    await http.get('/gate').expect(404);
    await http.get('/values').expect(200);
  });

  it('runs jobs in its withContext, if it has one', async () => {
    const contexts: unknown[] = [];
    const withContext = (context: unknown, job: () => unknown) => {
      contexts.push(context);
      return job();
    };
    const { app } = await start({ ...values, withContext, options: { contextTimeout: 'none' } });
    expect(await app.get(Jobs).run()).toBe(true);
    expect(contexts).toEqual([{ targetingKey: 'ann' }]);
  });

  it('says what is missing, and what replaces flags completely', async () => {
    const { http } = await start({ getStringDetails: () => undefined });
    const { body } = (await http.get('/details')) as { body: EvaluationDetails<string> };
    expect(body).toMatchObject({
      value: 'mine',
      errorCode: 'GENERAL',
      errorMessage:
        'What the application provides as FlagService has no result of "getStringDetails" or "getStringValue". FlagshipTestingModule replaces flags completely.',
    });
  });

  it('reaches those of FlagshipTestingModule', async () => {
    const imports = [FlagshipTestingModule.forRoot(definitions)];
    const { http } = await start(values, { imports });
    await http.get('/gate').expect(200, 'open');
  });

  it('replaces the flags of one domain alone', async () => {
    const imports = [
      FlagshipModule.forRoot({ definitions }),
      FlagshipModule.forRoot({ definitions, domain: 'billing' }),
    ];
    const controllers = [ShopController, BillingController];
    const { http } = await start(values, { imports, controllers }, getFlagsToken('billing'));
    await http.get('/billing').expect(200, 'open');
    await http.get('/gate').expect(404);
  });

  it('runs in the scope of the request', async () => {
    const replacement = {
      getBooleanDetails: (flagKey: string) =>
        details(OpenFeature.getTransactionContext().targetingKey === 'ann')(flagKey),
    };
    const options = { definitions, requestContext: { userId: 'x-user' } };
    const { http } = await start(replacement, { imports: [FlagshipModule.forRoot(options)] });
    await http.get('/gate').set('x-user', 'ann').expect(200, 'open');
    await http.get('/gate').set('x-user', 'bob').expect(404);
  });
});

import { Controller, Get, Injectable, Logger, Module } from '@nestjs/common';
import { type EvaluationDetails, OpenFeature } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  FlagValue,
  InjectFlags,
} from 'nestjs-flagship';
import { useCleanup } from '../../fixtures/use-cleanup';
import { both, BothServices, http, useTwoModules } from '../../fixtures/use-two-modules';

const two = useTwoModules();
const { apps, billingModule, listen, shopModule } = two;
const cleanUp = useCleanup();

describe('which module is meant', () => {
  it('is none where each has a domain: FlagService cannot be injected, and decorators answer defaults', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    cleanUp(() => error.mockRestore());
    await expect(apps.compile(both([shopModule({ domain: 'shop' }), billingModule()]))).rejects.toThrow(
      'FlagService',
    );

    @Controller()
    class UnnamedController {
      @FeatureFlag('gate')
      @Get('gated')
      gated() {
        return 'passed';
      }

      @Get()
      read(@FlagValue('home', 'default') value: string) {
        return value;
      }
    }
    const app = await listen({
      imports: [shopModule({ domain: 'shop' }), billingModule()],
      controllers: [UnnamedController],
    });
    await http(app).get('/gated').expect(404);
    await http(app).get('/').expect(200, 'default');
    expect(error.mock.calls.map(([text]) => String(text))).toEqual([
      'There is no FlagshipModule without a domain; name one of "shop", "billing" (option "domain"). Flag "gate" has no answer.',
    ]);
  });

  it('shows plain OpenFeature clients its context where it is the first and each has a domain', async () => {
    @Controller()
    class PlainController {
      @Get()
      async ask() {
        await OpenFeature.getClient('invoices').getBooleanValue('plain', false);
      }
    }
    const app = await listen({
      imports: [
        shopModule({ domain: 'orders', requestContext: { userId: 'x-user' } }),
        billingModule({ domain: 'invoices', requestContext: { userId: 'x-account' } }),
      ],
      controllers: [PlainController],
    });
    await http(app).get('/').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    expect(two.billing.takeContexts()).toEqual([{ targetingKey: 'ann' }]);
  });

  it('is the one without a domain where FlagService is injected next to another', async () => {
    @Injectable()
    class Invoices {
      constructor(
        readonly flags: FlagService,
        @InjectFlags('billing') readonly billing: FlagService,
      ) {}
    }
    @Module({ imports: [billingModule({ isGlobal: false })], providers: [Invoices] })
    class BillingModule {}
    const app = await listen({ imports: [BillingModule, shopModule()] });
    const { flags, billing: own } = app.get(Invoices);
    expect(await flags.getStringValue('a', '')).toBe('shop 1');
    expect(await own.getStringValue('a', '')).toBe('billing 1');
  });

  it('is known only to modules that import it, unless it is global', async () => {
    @Module({ providers: [BothServices] })
    class Elsewhere {}
    const compiled = apps.compile({
      imports: [shopModule(), billingModule({ isGlobal: false }), Elsewhere],
    });
    await expect(compiled).rejects.toThrow('nestjs-flagship:flags:billing');
  });

  it('is ready when it is injected, options from elsewhere included', async () => {
    const late = FlagshipModule.forRootAsync({
      useFactory: async () => {
        await new Promise(setImmediate);
        return { provider: two.shop };
      },
    });
    const early: string[] = [];
    @Injectable()
    class Early {
      constructor(flags: FlagService, @InjectFlags('billing') own: FlagService) {
        early.push(flags.client.providerStatus, own.client.providerStatus);
      }
    }
    const named = FlagshipModule.forRootAsync({
      domain: 'billing',
      useFactory: () => ({ provider: two.billing }),
    });
    await listen({ imports: [named, late], providers: [Early] });
    expect(early).toEqual(['READY', 'READY']);
  });

  it('is none for an unknown domain: defaults are answered, and one error is logged', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    cleanUp(async () => error.mockRestore());
    @Controller()
    class MisspeltController {
      @FeatureFlag('gate', { domain: 'biling' })
      @Get('gated')
      gated() {
        return 'passed';
      }

      @Get()
      read(@FlagDetails('home', 'default', { domain: 'biling' }) details: EvaluationDetails<string>) {
        return details;
      }
    }
    const app = await listen({ imports: [shopModule()], controllers: [MisspeltController] });
    await http(app).get('/gated').expect(404);
    const { body } = await http(app).get('/').expect(200);
    expect(body).toMatchObject({ value: 'default', reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' });
    expect(error.mock.calls.map(([text]) => String(text))).toEqual([
      'There is no FlagshipModule with the domain "biling". Flag "gate" has no answer.',
    ]);
  });
});

import { Controller, Get } from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import {
  AsyncLocalStorageTransactionContextPropagator,
  type Client,
  TypedInMemoryProvider,
  OpenFeature,
} from '@openfeature/server-sdk';
import { FlagService } from 'nestjs-flagship';
import request from 'supertest';
import { useFlagshipShop } from '../../fixtures/use-flagship-shop';

const shops = useFlagshipShop();
const { shop, startShop } = shops;

describe('FlagService', () => {
  it('has a method a type, each with its details', async () => {
    const { flags } = await shop({});
    expect(await flags.isEnabled('for-ann')).toBe(false);
    expect(await flags.isEnabled('for-ann', false, { targetingKey: 'ann' })).toBe(true);
    expect(await flags.getBooleanValue('for-ann', true)).toBe(false);
    expect(await flags.getStringValue('home-page', '')).toBe('modern');
    expect(await flags.getNumberValue('limit', 0)).toBe(20);
    expect(await flags.getIntegerValue('limit', 0)).toBe(20);
    expect(await flags.getObjectValue('look', {})).toEqual({ accent: 'teal' });
    expect(await flags.getStringDetails('limit', 'x')).toMatchObject({
      value: 'x',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getObjectDetails('none', null)).toMatchObject({
      value: null,
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(flags.client.metadata.providerMetadata.name).toBe('Flagship Server Provider');
  });

  it('takes only whole numbers as integers', async () => {
    shops.flagship.setFlags({
      half: 2.5,
      whole: 2,
      off: { key: 'off', enabled: false, default_variation: 'a', variations: { a: 1 }, rules: [] },
    });
    const { flags } = await shop({});
    expect(await flags.getIntegerDetails('half', 7)).toMatchObject({
      value: 7,
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getIntegerDetails('whole', 7)).toMatchObject({ value: 2, reason: 'STATIC' });
    expect(await flags.getIntegerDetails('off', 2.5)).toMatchObject({ value: 2.5, reason: 'DISABLED' });
    expect(await flags.getIntegerDetails('none', 7)).toMatchObject({ value: 7, errorCode: 'FLAG_NOT_FOUND' });
  });

  it('runs code outside a request under a context of its own', async () => {
    const { flags } = await shop({ context: { region: 'eu' } });
    const seen = await flags.withContext({ targetingKey: 'ann' }, async () => {
      await new Promise(setImmediate);
      return [
        await flags.isEnabled('for-ann'),
        flags.context,
        await flags.client.getBooleanValue('for-ann', false),
      ];
    });
    expect(seen).toEqual([true, { region: 'eu', targetingKey: 'ann' }, true]);
    expect(flags.context).toEqual({ region: 'eu' });
    expect(await flags.isEnabled('for-ann')).toBe(false);
    expect(() =>
      flags.withContext({}, () => {
        throw new Error('from within');
      }),
    ).toThrow('from within');
  });
});

describe('contexts from elsewhere', () => {
  const echoProvider = () => {
    const provider = new TypedInMemoryProvider({});
    const seen: unknown[] = [];
    provider.resolveBooleanEvaluation = async (_key, _default, context) => {
      seen.push({ ...context });
      return { value: true, reason: 'STATIC' };
    };
    return { provider, seen };
  };

  it('merges global, static, request and call contexts, the nearer winning', async () => {
    const { provider, seen } = echoProvider();
    OpenFeature.setContext({ global: 1, region: 'global', plan: 'global' });
    @Controller()
    class ReadController {
      constructor(
        private readonly flags: FlagService,
        @OpenFeatureClient() private readonly client: Client,
      ) {}
      @Get()
      async read() {
        await this.flags.isEnabled('a', false, { call: 1 });
        await this.client.getBooleanValue('a', false, { call: 1 });
      }
    }
    const { app } = await startShop(
      {
        provider,
        context: { region: 'eu', plan: 'static' },
        requestContext: { headers: { 'x-plan': 'plan' } },
      },
      undefined,
      [ReadController],
    );
    await request(app.getHttpServer()).get('/').set('x-plan', 'pro').expect(200);
    const expected = { global: 1, region: 'eu', plan: 'pro', call: 1 };
    expect(seen).toEqual([expected, expected]);
  });

  it('sees the static context outside of requests, through service and injected client', async () => {
    const { provider, seen } = echoProvider();
    const { app } = await startShop({ provider, context: { region: 'eu' } });
    await app.get(FlagService).isEnabled('a');
    await app.get(FlagService).client.getBooleanValue('a', false);
    expect(seen).toEqual([{ region: 'eu' }, { region: 'eu' }]);
  });

  it('carries contexts where the application has a propagator of its own', async () => {
    const { provider, seen } = echoProvider();
    const { app } = await startShop({ provider });
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
    const flags = app.get(FlagService);
    await flags.withContext({ targetingKey: 'ann' }, async () => {
      await flags.isEnabled('a');
      await flags.client.getBooleanValue('a', false);
      await OpenFeature.getClient().getBooleanValue('a', false);
    });
    expect(seen).toEqual([{ targetingKey: 'ann' }, { targetingKey: 'ann' }, { targetingKey: 'ann' }]);
  });

  it('sends an attribute called flagKey only where it cannot be taken for the flag', async () => {
    const { flags: inQuery } = await shop({ contextTransport: 'query' });
    const asked = { flagKey: 'limit' };
    expect(await inQuery.getStringDetails('home-page', 'x', asked)).toMatchObject({
      value: 'x',
      errorCode: 'INVALID_CONTEXT',
    });
    for (const options of [{}, { contextTransport: 'body' }] as const) {
      const { flags } = await shop(options);
      expect(await flags.getStringDetails('home-page', 'x', asked)).toMatchObject({
        value: 'modern',
        flagKey: 'home-page',
      });
    }
  });
});

describe('hooks', () => {
  it('of API, module and client run once an evaluation, also for guard and parameters', async () => {
    const seen: string[] = [];
    const hook = (name: string) => ({
      before: ({ flagKey }: { flagKey: string }) => {
        seen.push(`${name} ${flagKey}`);
      },
    });
    OpenFeature.addHooks(hook('api'));
    const { http, flags } = await shop({ hooks: [hook('module')] });
    flags.client.addHooks(hook('client'));
    await http.get('/checkout/7');
    expect(seen).toEqual(['api new-checkout', 'module new-checkout', 'client new-checkout']);
    seen.length = 0;
    await http.get('/home').expect(200);
    // Parameters and service share one evaluation; the injected OpenFeature client always makes its own.
    expect(seen.filter((entry) => entry.startsWith('module'))).toHaveLength(2);
  });
});

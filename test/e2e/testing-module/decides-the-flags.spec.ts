import { Controller, Get } from '@nestjs/common';
import { OpenFeature } from '@openfeature/server-sdk';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue } from 'nestjs-flagship';
import {
  FlagshipTestingModule,
  type FlagshipTestingOptions,
  TestFlags,
  type TestFlagValues,
} from 'nestjs-flagship/testing';
import { adapters } from '../../fixtures/use-app';
import { useCleanup } from '../../fixtures/use-cleanup';
import { onFor, useTestingShop } from '../../fixtures/use-testing-shop';

const { apps, shop } = useTestingShop();
const cleanUp = useCleanup();

describe.each(adapters)('on %s', (_, adapter) => {
  it('guard, parameters, service and client follow the flags of the test, and each change of them', async () => {
    const { http, flags } = await shop({ 'new-checkout': true, 'home-page': 'modern' }, {}, adapter());
    await http.get('/checkout/7').expect(200, { checkout: '7' });
    const { body } = await http.get('/home').expect(200);
    expect(body).toEqual({
      parameter: 'modern',
      details: {
        value: 'modern',
        variant: 'default',
        reason: 'STATIC',
        flagMetadata: {},
        flagKey: 'home-page',
      },
      service: 'modern',
      client: 'modern',
    });
    flags.set('new-checkout', false);
    flags.set({ 'home-page': 'bare' });
    await http.get('/checkout/7').expect(404);
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'bare', service: 'bare' });
    flags.reset();
    await http.get('/checkout/7').expect(200);
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'modern', service: 'modern' });
  });

  it('answers each user and each context as the test sets it', async () => {
    const { http, flags } = await shop(
      { 'new-checkout': onFor('plan', 'pro'), 'home-page': 'classic' },
      { requestContext: { userId: 'x-user', headers: { 'x-plan': 'plan' } } },
      adapter(),
    );
    await http.get('/checkout/7').expect(404);
    await http.get('/checkout/7').set('x-plan', 'pro').expect(200);
    flags.setFor('ann', { 'new-checkout': true, 'home-page': 'modern' });
    await http.get('/checkout/7').set('x-user', 'ann').expect(200);
    await http.get('/checkout/7').set('x-user', 'bob').expect(404);
    const { body } = await http.get('/home').set('x-user', 'ann');
    expect(body).toMatchObject({ service: 'modern', details: { reason: 'TARGETING_MATCH' } });
    // The nearer one wins, whichever came last.
    flags.set('home-page', 'later');
    expect((await http.get('/home').set('x-user', 'ann')).body).toMatchObject({ service: 'modern' });
    expect((await http.get('/home').set('x-user', 'bob')).body).toMatchObject({ service: 'later' });
    flags.reset();
    await http.get('/checkout/7').set('x-user', 'ann').expect(404);
    await http.get('/checkout/7').set('x-plan', 'pro').expect(200);
  });

  it('fails as the test sets it, until the flag is set again', async () => {
    const { http, flags } = await shop({ 'new-checkout': true, 'home-page': 'modern' }, {}, adapter());
    flags.fail('new-checkout', 'GENERAL');
    flags.fail('home-page', 'PROVIDER_NOT_READY');
    await http.get('/checkout/7').expect(404);
    const { body } = await http.get('/home').expect(200);
    expect(body).toMatchObject({
      parameter: 'classic',
      details: { value: 'classic', reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' },
      client: 'classic',
    });
    flags.set('new-checkout', true);
    await http.get('/checkout/7').expect(200);
    flags.reset();
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'modern' });
  });

  it('a request that is under way keeps the answers it has had', async () => {
    @Controller()
    class ChangingController {
      constructor(
        private readonly flags: FlagService,
        private readonly testFlags: TestFlags,
      ) {}

      @FeatureFlag('open')
      @Get()
      async read(@FlagValue('limit', 0) before: number) {
        this.testFlags.set({ open: false, limit: 2 });
        return [before, await this.flags.getNumberValue('limit', 0), await this.flags.isEnabled('open')];
      }
    }
    const { http, flags } = await shop({ open: true, limit: 1 }, {}, adapter(), [ChangingController]);
    await http.get('/').expect(200, [1, 1, true]);
    await http.get('/').expect(404);
    // Once a request and flag, however often it is read.
    expect(flags.evaluations.map(({ flagKey, value }) => [flagKey, value])).toEqual([
      ['open', true],
      ['limit', 1],
      ['open', false],
    ]);
  });
});

describe('what a flag answers', () => {
  async function service(flags: TestFlagValues, options?: FlagshipTestingOptions) {
    const testing = await apps.compile({
      imports: [FlagshipTestingModule.forRoot(flags, options)],
    });
    return { service: testing.get(FlagService), flags: testing.get(TestFlags) };
  }

  it('equals the answer in production', async () => {
    const { service: flags } = await service({
      on: true,
      text: 'one',
      limit: 2.5,
      look: { accent: 'teal' },
      list: [1],
      nothing: null,
      off: { ...onFor('a', 'b'), enabled: false },
    });
    expect(await flags.getBooleanDetails('on', false)).toEqual({
      flagKey: 'on',
      value: true,
      variant: 'on',
      reason: 'STATIC',
      flagMetadata: {},
    });
    expect(await flags.getStringValue('text', '?')).toBe('one');
    expect(await flags.getObjectValue('list', {})).toEqual([1]);
    expect(await flags.getObjectValue('nothing', {})).toBeNull();
    expect(await flags.getNumberValue('limit', 0)).toBe(2.5);
    expect(await flags.getIntegerDetails('limit', 7)).toMatchObject({ value: 7, errorCode: 'TYPE_MISMATCH' });
    expect(await flags.getBooleanDetails('off', true)).toMatchObject({ value: true, reason: 'DISABLED' });
    expect(await flags.getStringDetails('limit', '?')).toMatchObject({
      value: '?',
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getStringDetails('absent', '?')).toMatchObject({
      value: '?',
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    });
  });

  it('is right for a flag with the name of a field of definitions', async () => {
    const values = { flags: { a: 1 }, variations: 'v', default_variation: 'd', __proto__key: true };
    const { service: flags, flags: test } = await service(values);
    expect(await flags.getObjectValue('flags', {})).toEqual({ a: 1 });
    expect(await flags.getStringValue('variations', '?')).toBe('v');
    test.set('__proto__', 'p');
    expect(await flags.getStringValue('__proto__', '?')).toBe('p');
    expect(await flags.getStringDetails('toString', '?')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
  });

  it('is split by rollouts as definitions from an object are', async () => {
    const half = {
      ...onFor('a', 'b'),
      rules: [{ conditions: [], serve_variation: 'on', rollout: { percentage: 50 } }],
    };
    const { service: flags } = await service({ half });
    const real = await apps.compile({ imports: [FlagshipModule.forRoot({ definitions: { half } })] });
    const sides = (of: FlagService) =>
      Promise.all(
        Array.from({ length: 50 }, (_, user) =>
          of.isEnabled('half', false, { targetingKey: `user-${user}` }),
        ),
      );
    const sidesHere = await sides(flags);
    expect(new Set(sidesHere)).toEqual(new Set([true, false]));
    expect(sidesHere).toEqual(await sides(real.get(FlagService)));
  });

  it('is a copy: neither the test nor a caller can change it', async () => {
    const look = { colours: ['teal'] };
    const { service: flags, flags: test } = await service({ look });
    look.colours.push('red');
    const got = await flags.getObjectValue<typeof look>('look', { colours: [] });
    got.colours.push('blue');
    expect(await flags.getObjectValue('look', {})).toEqual({ colours: ['teal'] });
    expect(test.evaluations.map(({ value }) => value)).toEqual([
      { colours: ['teal'] },
      { colours: ['teal'] },
    ]);
  });

  it('is recorded with its evaluation, and the last 1000 are kept', async () => {
    const { service: flags, flags: test } = await service({ limit: 5 }, { context: { region: 'eu' } });
    await flags.getNumberValue('limit', 1, { plan: 'pro' });
    await flags.withContext({ targetingKey: 'ann' }, () => flags.getStringValue('limit', 'none'));
    expect(test.evaluations).toEqual([
      {
        flagKey: 'limit',
        type: 'number',
        defaultValue: 1,
        context: { region: 'eu', plan: 'pro' },
        value: 5,
        variant: 'default',
        reason: 'STATIC',
      },
      {
        flagKey: 'limit',
        type: 'string',
        defaultValue: 'none',
        context: { region: 'eu', targetingKey: 'ann' },
        value: 'none',
        reason: 'ERROR',
        errorCode: 'TYPE_MISMATCH',
        errorMessage: expect.stringContaining('expected string, got number'),
      },
    ]);
    test.reset();
    expect(test.evaluations).toEqual([]);
    for (let nth = 0; nth < 2345; nth++) await flags.getNumberValue('limit', nth);
    expect(test.evaluations).toHaveLength(1000);
    expect(test.evaluations.map(({ defaultValue }) => defaultValue).slice(-2)).toEqual([2343, 2344]);
    expect(test.evaluations[0]!.defaultValue).toBe(1345);
  });
});

describe('TestFlags without Nest', () => {
  it('are an OpenFeature provider', async () => {
    const flags = new TestFlags({ 'new-checkout': true });
    await OpenFeature.setProviderAndWait('no-nest', flags.provider);
    cleanUp(() => OpenFeature.clearProviders());
    const client = OpenFeature.getClient('no-nest');
    expect(await client.getBooleanValue('new-checkout', false)).toBe(true);
    flags.setFor('ann', 'new-checkout', false);
    expect(await client.getBooleanValue('new-checkout', true, { targetingKey: 'ann' })).toBe(false);
    expect(flags.evaluations).toMatchObject([
      { flagKey: 'new-checkout', value: true, context: {} },
      { flagKey: 'new-checkout', value: false, context: { targetingKey: 'ann' } },
    ]);
  });
});

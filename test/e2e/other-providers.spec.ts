import { Controller, Get } from '@nestjs/common';
import {
  type EvaluationDetails,
  MultiProvider,
  OpenFeature,
  type Provider,
  TypedInMemoryProvider,
} from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  FlagshipServerProvider,
  FlagValue,
} from 'nestjs-flagship';
import request from 'supertest';
import { adapters, useApp } from '../fixtures/use-app';

const flag = <T>(variants: Record<string, T>, defaultVariant: string, attribute?: string) => ({
  disabled: false,
  variants,
  defaultVariant,
  ...(attribute && {
    contextEvaluator: (context: Record<string, unknown>) =>
      typeof context[attribute] === 'string' ? context[attribute] : defaultVariant,
  }),
});

/** Flags that look at the context, so that an answer shows whom it was given for. */
const flags = {
  checkout: flag({ pro: true, free: false }, 'free', 'x-plan'),
  page: flag({ ann: 'for ann', bob: 'for bob', nobody: 'for nobody' }, 'nobody', 'targetingKey'),
  region: flag({ eu: 'Europe', elsewhere: 'elsewhere' }, 'elsewhere', 'region'),
  limit: flag({ few: 3 }, 'few'),
  look: flag({ teal: { accent: 'teal' } }, 'teal'),
};

@Controller()
class ShopController {
  constructor(private readonly service: FlagService) {}

  @FeatureFlag('checkout')
  @Get('checkout')
  checkout() {
    return 'new';
  }

  @Get()
  async read(
    @FlagValue('page', '') parameter: string,
    @FlagDetails('page', '') details: EvaluationDetails<string>,
    @FlagValue('look', {}) look: object,
  ) {
    return {
      page: [parameter, details.value, await this.service.getStringValue('page', '')],
      look,
      limit: await this.service.getIntegerValue('limit', 0),
      region: await this.service.getStringValue('region', ''),
      missing: (await this.service.getBooleanDetails('none', true)).errorCode,
      mistaken: (await this.service.getNumberDetails('page', 7)).value,
    };
  }
}

const apps = useApp();
afterEach(async () => {
  OpenFeature.clearHooks();
});

async function start(provider: Provider, adapter = adapters[0]![1]) {
  const { app } = await apps.start({
    imports: [
      FlagshipModule.forRoot({
        provider,
        context: { region: 'eu' },
        requestContext: { userId: 'x-user', headers: ['x-plan'] },
      }),
    ],
    controllers: [ShopController],
    adapter: adapter(),
  });
  return { app, http: request(app.getHttpServer() as never) };
}

const definitions = {
  flags: {
    checkout: {
      enabled: true,
      default_variation: 'free',
      variations: { pro: true, free: false },
      rules: [
        { conditions: [{ attribute: 'x-plan', operator: 'equals', value: 'pro' }], serve_variation: 'pro' },
      ],
    },
  },
} as never;
const { checkout, ...others } = flags;

const providers: [name: string, notFound: string, make: () => Provider][] = [
  ['InMemoryProvider', 'FLAG_NOT_FOUND', () => new TypedInMemoryProvider(flags)],
  [
    'MultiProvider',
    'GENERAL',
    () =>
      new MultiProvider([
        { name: 'first', provider: new TypedInMemoryProvider({ checkout }) },
        { name: 'second', provider: new TypedInMemoryProvider(others) },
      ]),
  ],
  [
    'MultiProvider with Flagship first',
    'GENERAL',
    () =>
      new MultiProvider([
        { name: 'flagship', provider: new FlagshipServerProvider({ definitions }) },
        { name: 'fallback', provider: new TypedInMemoryProvider(others) },
      ]),
  ],
];

describe.each(adapters)('on %s', (_adapter, adapter) => {
  describe.each(providers)('%s', (_name, notFound, make) => {
    it('serves guard, parameters and service, with the context of the request', async () => {
      const { http } = await start(make(), adapter);
      await http.get('/checkout').expect(404);
      await http.get('/checkout').set('x-plan', 'pro').expect(200, 'new');
      for (const user of ['ann', 'bob']) {
        const { body } = await http.get('/').set('x-user', user).expect(200);
        expect(body).toEqual({
          page: [`for ${user}`, `for ${user}`, `for ${user}`],
          look: { accent: 'teal' },
          limit: 3,
          region: 'Europe',
          missing: notFound,
          mistaken: 7,
        });
      }
    });

    it('answers a flag once a request', async () => {
      const provider = make();
      const asked: string[] = [];
      const resolve = provider.resolveStringEvaluation.bind(provider);
      provider.resolveStringEvaluation = (key, ...rest) => {
        asked.push(key);
        return resolve(key, ...rest);
      };
      const { http } = await start(provider, adapter);
      await http.get('/').expect(200);
      expect(asked.sort()).toEqual(['page', 'region']);
    });

    it('runs hooks, and is gone when the application has closed', async () => {
      const seen: string[] = [];
      OpenFeature.addHooks({ after: ({ flagKey }) => void seen.push(flagKey) });
      const { app, http } = await start(make(), adapter);
      await http.get('/checkout').set('x-plan', 'pro').expect(200);
      expect(seen).toEqual(['checkout']);
      await app.close();
      expect(
        await app.get(FlagService).getBooleanDetails('checkout', true, { 'x-plan': 'free' }),
      ).toMatchObject({ value: true });
    });
  });
});

import { Controller, Get, type INestApplication } from '@nestjs/common';
import { type JsonValue, type Provider, TypedInMemoryProvider } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { FeatureFlag, FlagService, FlagshipModule, type FlagshipModuleOptions } from 'nestjs-flagship';
import request from 'supertest';
import { shop } from '../fixtures/shop-app';
import { useApp } from '../fixtures/use-app';
import { captureLog } from '../fixtures/captured-log';

@Controller()
class GatesController {
  @FeatureFlag('boolean', { not: true })
  @Get('not')
  not() {
    return 'in';
  }

  @FeatureFlag('boolean', { equals: false })
  @Get('equals-false')
  equalsFalse() {
    return 'in';
  }

  @FeatureFlag('string', { equals: '' })
  @Get('equals-empty')
  equalsEmpty() {
    return 'in';
  }

  @FeatureFlag('number', { equals: [0, 1] })
  @Get('equals-zero')
  equalsZero() {
    return 'in';
  }

  @FeatureFlag('object', { equals: {} })
  @Get('equals-nothing')
  equalsNothing() {
    return 'in';
  }

  @FeatureFlag('string', { equals: 'x', not: true })
  @Get('not-x')
  notX() {
    return 'in';
  }
}
const GATES = ['not', 'equals-false', 'equals-empty', 'equals-zero', 'equals-nothing', 'not-x'];
const NEUTRAL: Readonly<Record<string, JsonValue>> = { boolean: false, string: '', number: 0, object: {} };

type Resolve = (key: string, defaultValue: JsonValue) => unknown;

function providerOf(resolve: Resolve): { provider: Provider; asked: unknown[][] } {
  const asked: unknown[][] = [];
  const provider = new TypedInMemoryProvider({}) as unknown as Record<string, unknown>;
  const answer = (key: string, defaultValue: JsonValue) => {
    asked.push([key, defaultValue]);
    return Promise.resolve(resolve(key, defaultValue));
  };
  for (const type of ['Boolean', 'String', 'Number', 'Object']) provider[`resolve${type}Evaluation`] = answer;
  return { provider: provider as unknown as Provider, asked };
}

const apps = useApp();
afterEach(() => {
  jest.restoreAllMocks();
});

async function startGates(options: FlagshipModuleOptions): Promise<INestApplication> {
  const { app } = await apps.start(shop(options, [GatesController]));
  return app;
}
async function startService(options: FlagshipModuleOptions): Promise<FlagService> {
  const app = await apps.startContext({ imports: [FlagshipModule.forRoot(options)] });
  return app.get(FlagService);
}

it.each<readonly [string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a boxed boolean', Object(false)],
  ['a list', []],
])('a value of another type (%s) opens no gate', async (_, value) => {
  const app = await startGates({ provider: providerOf(() => ({ value, reason: 'DISABLED' })).provider });
  for (const gate of GATES.filter((name) => name !== 'equals-nothing')) {
    await request(app.getHttpServer()).get(`/${gate}`).expect(404);
  }
});

describe.each(['OFF', 'DISABLED', 'STATIC', 'DEFAULT', 'No-op', undefined])('the reason %s', (reason) => {
  const off: Resolve = (_, value) => ({ value, reason });
  const offAsCopy: Resolve = (_, value) => ({ value: structuredClone(value), reason });
  const hooks = [{}];

  it.each<[string, FlagshipModuleOptions]>([
    ['', { provider: providerOf(off).provider }],
    [', as a copy', { provider: providerOf(offAsCopy).provider }],
    [', with a hook', { provider: providerOf(offAsCopy).provider, hooks }],
  ])('opens no gate when the default was applied%s', async (_, options) => {
    const http = request((await startGates(options)).getHttpServer() as string);
    for (const gate of GATES) await http.get(`/${gate}`).expect(404);
  });

  it('opens the gates if the flag has that value', async () => {
    const { provider } = providerOf((key) => ({ value: structuredClone(NEUTRAL[key]), reason }));
    const http = request((await startGates({ provider })).getHttpServer() as string);
    for (const gate of GATES) await http.get(`/${gate}`).expect(200);
  });

  it.each<[string, JsonValue[]]>([
    ['texts', ['a', 'b', '', 'a']],
    ['numbers', [NaN, 1, NaN, 0, Infinity]],
    ['booleans', [true, false, true]],
    ['objects', [{ a: 1 }, { a: 2 }, [], null, { a: 1 }]],
  ])('gives each reader its own default: %s', async (_, defaults) => {
    const methods = {
      string: 'getStringValue',
      number: 'getNumberValue',
      boolean: 'getBooleanValue',
    } as const;
    for (const resolve of [off, offAsCopy]) {
      const flags = await startService({ provider: providerOf(resolve).provider });
      await flags.withContext({}, async () => {
        const read = (value: JsonValue): Promise<unknown> => {
          const method = methods[typeof value as keyof typeof methods] as 'getStringValue' | undefined;
          return method === undefined
            ? flags.getObjectValue('flag', value)
            : flags[method]('flag', value as string);
        };
        for (const value of defaults) expect(await read(value)).toEqual(value);
        expect(await Promise.all(defaults.map(read))).toEqual(defaults);
      });
    }
  });
});

it('a flag with a value gives it to every reader, whatever its default is', async () => {
  const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>;
  await fc.assert(
    fc.asyncProperty(json, fc.array(json, { minLength: 1, maxLength: 5 }), async (value, others) => {
      const { provider } = providerOf(() => ({ value: structuredClone(value), reason: 'OFF' }));
      const app = await apps.startContext({ imports: [FlagshipModule.forRoot({ provider })] });
      const flags = app.get(FlagService);
      // The first default is the value itself: one answer cannot tell the two apart.
      const defaults = [structuredClone(value), ...others];
      const read = (given: JsonValue): Promise<unknown> => flags.getObjectValue('flag', given);
      const seen = await flags.withContext({}, async () => {
        const values: unknown[] = [];
        for (const given of defaults) values.push(await read(given));
        return values;
      });
      // Closed here: OpenFeature connects the provider of an application that runs with every later domain.
      await app.close();
      expect(seen).toEqual(defaults.map(() => value));
    }),
    { numRuns: 25 },
  );
});

it('evaluates a second time only if the difference matters', async () => {
  const { provider, asked } = providerOf((key) => ({ value: NEUTRAL[key], reason: 'STATIC' }));
  const flags = await startService({ provider });
  await flags.withContext({}, async () => {
    for (let round = 0; round < 3; round++) await flags.isEnabled('boolean');
    expect(asked).toHaveLength(1);
    await flags.getStringValue('string', 'another than the value');
    await flags.getStringValue('string', 'and another');
    expect(asked).toHaveLength(2);
  });
});

it('a default that Flagship has applied is known after one answer', async () => {
  const definitions = {
    boolean: { enabled: false, default_variation: 'a', variations: { a: true }, rules: [] },
    string: 'x',
  };
  const lines = captureLog();
  const http = request((await startGates({ definitions })).getHttpServer() as string);
  expect(lines).toEqual(['warn The code names flags that Flagship does not have: "number", "object".']);
  await http.get('/not').expect(404);
  await http.get('/not-x').expect(404);
  const flags = await startService({ definitions });
  await flags.withContext({}, async () => {
    expect([await flags.isEnabled('boolean', true), await flags.isEnabled('boolean', false)]).toEqual([
      true,
      false,
    ]);
    expect(await flags.getNumberValue('string', NaN)).toBeNaN();
    expect(await flags.getNumberValue('string', 7)).toBe(7);
  });
});

describe('getIntegerDetails', () => {
  it.each([NaN, Infinity, 2.5])('returns the default %p if it applies', async (given) => {
    for (const options of [
      { definitions: {} },
      { provider: providerOf((_, value) => ({ value })).provider },
    ]) {
      const flags = await startService(options);
      expect((await flags.getIntegerDetails('flag', given)).value).toBe(given);
      expect(await flags.getIntegerValue('flag', given)).toBe(given);
    }
  });

  it.each([NaN, Infinity, 2.5, '3', null, {}])('does not take %p for a whole number', async (value) => {
    const flags = await startService({ provider: providerOf(() => ({ value })).provider });
    expect(await flags.getIntegerDetails('flag', 7)).toMatchObject({ value: 7, errorCode: 'TYPE_MISMATCH' });
  });
});

it('waits: evaluation, where the provider never answers', async () => {
  const provider = providerOf(() => new Promise(() => undefined)).provider;
  const flags = await startService({ provider, evaluationTimeout: 20 });
  const details = await flags.getStringDetails('page', 'mine');
  expect(details).toMatchObject({ value: 'mine', reason: 'ERROR', errorCode: 'GENERAL' });
  expect(details.errorMessage).toMatch(/"page".*20 ms.*"evaluationTimeout".*provider/);
  expect(await flags.withContext({}, () => flags.getStringValue('page', 'mine'))).toBe('mine');
});

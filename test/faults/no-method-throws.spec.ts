import { type INestApplicationContext, Logger, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type EvaluationDetails,
  type JsonValue,
  OpenFeature,
  type Provider,
  TypedInMemoryProvider,
} from '@openfeature/server-sdk';
import fc from 'fast-check';
import {
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';

const flags = { on: true, page: 'modern', limit: 7, look: { accent: 'teal' } };
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const hostile = (trap: keyof ProxyHandler<object>): object =>
  new Proxy({ plan: 'pro' }, { [trap]: () => { throw revoked({}) as Error; } }); // prettier-ignore
const tangle = Array.from({ length: 20 }).reduce<unknown>((inner) => ({ a: inner, b: inner }), 'x');
const circular: Record<string, unknown> = {};
circular.self = circular;

/** Contexts that cannot be used. */
const unusable: [string, unknown][] = [
  ['a getter that throws', { get plan(): never { throw new Error('no'); } }], // prettier-ignore
  ['a getter that throws a revoked proxy', { get plan(): never { throw revoked({}) as Error; } }], // prettier-ignore
  ['a getter that throws undefined', { get plan(): never { throw undefined as unknown as Error; } }], // prettier-ignore
  ['a revoked proxy', revoked({})],
  ['a revoked list', revoked([])],
  ['a revoked function', revoked(() => 1)],
  ['a revoked proxy inside', { a: { b: revoked({}) } }],
  ['a proxy that cannot be listed', hostile('ownKeys')],
  ['a proxy that cannot be described', hostile('getOwnPropertyDescriptor')],
  ['a proxy that cannot be read', hostile('get')],
  ['text', 'plan=pro'],
  ['a number', 7],
  ['a symbol', Symbol('s')],
  ['a list', ['pro']],
  ['a promise', Promise.resolve({ plan: 'pro' })],
  ['a map', new Map([['plan', 'pro']])],
  ['shared parts, 20 levels deep', { tangle }],
  ['a circle', circular],
  ['a text of 100 MB', { text: 'x'.repeat(100_000_000) }],
  ['a name of 1 MB', { ['n'.repeat(1_000_000)]: 1 }],
  ['a thousand attributes', Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`a${index}`, 1]))],
];
/** What Flagship's provider refuses, and others may take. */
const unsendable: [string, unknown][] = [
  ['NaN', { a: NaN }],
  ['an infinite number', { a: { b: [-Infinity] } }],
  ['a function', { a: () => 1 }],
  ['a symbol inside', { a: Symbol('s') }],
  ['a bigint', { a: 10n }],
  ['an invalid date', { a: new Date(NaN) }],
];
const oddKeys: unknown[] = [
  undefined,
  null,
  7,
  Symbol('key'),
  {},
  [],
  () => 1,
  NaN,
  revoked({}),
  hostile('get'),
];

function methodsOf(service: FlagService): [string, (...args: unknown[]) => Promise<unknown>][] {
  const names = ['Boolean', 'String', 'Number', 'Integer', 'Object'].flatMap((type) => [
    `get${type}Value`,
    `get${type}Details`,
  ]);
  return ['isEnabled', ...names].map((name) => [
    name,
    (service as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]!.bind(service),
  ]);
}

let flagship: LocalFlagship;
const apps: INestApplicationContext[] = [];
beforeAll(async () => {
  Logger.overrideLogger(false);
  flagship = await startLocalFlagship({ flags, report: () => undefined });
});
afterAll(async () => {
  Logger.overrideLogger(['error', 'warn', 'log']);
  await flagship.close();
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  OpenFeature.clearHooks();
  OpenFeature.setContext({});
});

async function start(options: FlagshipModuleOptions): Promise<FlagService> {
  const app = await NestFactory.createApplicationContext(FlagshipModule.forRoot(options));
  apps.push(app);
  return app.get(FlagService);
}
const remote = (): FlagshipModuleOptions => ({
  baseUrl: flagship.url,
  appId: flagship.appId,
  accountId: flagship.accountId,
});
const foreign = (): Provider =>
  new TypedInMemoryProvider({
    on: { disabled: false, variants: { on: true }, defaultVariant: 'on' },
  });
const sources: [string, () => FlagshipModuleOptions][] = [
  ['definitions', () => ({ definitions: flags })],
  ['localEvaluation', () => ({ ...remote(), localEvaluation: true })],
  ['asking Flagship', remote],
  ['asking Flagship with a body', () => ({ ...remote(), contextTransport: 'body' })],
  ['a cache', () => ({ ...remote(), cacheTtl: 60_000 })],
  ['a binding', () => ({ binding: bindingOf(flags) })],
];

describe.each(sources)('FlagService with %s', (_source, options) => {
  it.each([...unusable, ...unsendable])('answers INVALID_CONTEXT for %s', async (_, context) => {
    const service = await start(options());
    const ask = () => service.getBooleanDetails('on', false, context as never);
    const expected = { value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' };
    const started = process.cpuUsage();
    expect(await ask()).toMatchObject(expected);
    await service.withContext({ targetingKey: 'ann' }, async () =>
      expect(await ask()).toMatchObject(expected),
    );
    await service.withContext(context as never, async () =>
      expect(await service.getBooleanDetails('on', false)).toMatchObject(expected),
    );
    // Of the processor, which other processes do not use up as they do the time of the clock.
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(3000);
    expect(await service.isEnabled('on')).toBe(true);
  });
});

describe.each<[string, () => FlagshipModuleOptions]>([
  ['Flagship', () => ({ definitions: flags })],
  ['Flagship and a hook', () => ({ definitions: flags, hooks: [{}] })],
  ['another provider', () => ({ provider: foreign() })],
])('with %s', (_name, options) => {
  it('no method of FlagService throws or rejects, whatever it is given', async () => {
    const service = await start(options());
    const methods = methodsOf(service);
    // As functions: the generator itself would look into them.
    const anything = fc.oneof(
      fc
        .anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true })
        .map((value) => () => value),
      fc.constantFrom(...[...oddKeys, ...unusable.map(([, context]) => context)].map((value) => () => value)),
    );
    const key = fc.oneof(
      fc.constantFrom('on', 'page', 'absent', '').map((value) => () => value),
      anything,
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), key, anything, anything, async ([, call], ...makers) => {
        const args = makers.map((make) => make());
        await call(...args);
        await service.withContext(args[2] as never, () => call(args[0], args[1]));
      }),
      { numRuns: 300 },
    );
  }, 180_000);

  it.each(oddKeys.map((key) => [typeof key, key]))(
    'a key that is no text (%s) is not found',
    async (_, key) => {
      const service = await start(options());
      for (const [name, call] of methodsOf(service)) {
        const answer = await call(key, 'mine');
        if (name.endsWith('Details'))
          expect((answer as EvaluationDetails<JsonValue>).errorCode).toBe('FLAG_NOT_FOUND');
        else expect(answer).toBe('mine');
      }
    },
  );

  it.each(unusable)('a global context that is %s stops nothing', async (_, context) => {
    const service = await start(options());
    OpenFeature.setContext(context as never);
    await service.getBooleanDetails('on', false);
    await service.withContext({ targetingKey: 'ann' }, () => service.isEnabled('on'));
  });

  it('whatever a request’s context has become, `context` can be read', async () => {
    const service = await start(options());
    for (const [, context] of [...unusable, ...unsendable])
      expect(service.withContext(context as never, () => typeof service.context)).toBe('object');
    expect(await service.refresh()).toBe(true);
    expect(service.usage()).toEqual([]);
    service.stats();
  });
});

describe('a provider of the application’s', () => {
  const resolutions: [string, () => unknown][] = [
    ['nothing', () => undefined],
    ['null', () => null],
    ['a revoked proxy', () => revoked({})],
    ['details that throw', () => ({ get value(): never { throw new Error('no'); } })], // prettier-ignore
    ['a symbol as the value', () => ({ value: Symbol('s') })],
    ['a promise that rejects with undefined', async () => rejected(undefined)],
    ['a promise that rejects with a revoked proxy', async () => rejected(revoked({}))],
    ['a thenable that throws', () => ({ get then(): never { throw new Error('no'); } })], // prettier-ignore
    ['an exception that is no error', () => { throw hostile('get') as Error; }], // prettier-ignore
  ];
  it.each(resolutions)('may answer %s', async (_, resolve) => {
    const provider = new TypedInMemoryProvider({}) as unknown as Record<string, unknown>;
    for (const type of ['Boolean', 'String', 'Number', 'Object'])
      provider[`resolve${type}Evaluation`] = resolve;
    const service = await start({ provider: provider as unknown as Provider });
    for (const [, call] of methodsOf(service)) {
      await call('on', false);
      await service.withContext({}, () => call('on', false));
    }
  });

  it('may be a proxy that throws', async () => {
    let isHostile = false;
    const provider = new Proxy(foreign(), {
      get(target, name) {
        if (isHostile) throw new Error('outside of a request');
        return Reflect.get(target, name) as unknown;
      },
      getPrototypeOf(target) {
        if (isHostile) throw new Error('outside of a request');
        return Reflect.getPrototypeOf(target);
      },
    });
    const service = await start({ provider });
    isHostile = true;
    expect(await service.getBooleanDetails('on', false)).toMatchObject({
      value: false,
      errorCode: 'GENERAL',
    });
    expect([service.stats(), service.usage(), await service.refresh()]).toEqual([undefined, [], true]);
    isHostile = false;
  });
});

describe('FlagshipServerProvider, used directly', () => {
  it('never throws or rejects', async () => {
    const provider = new FlagshipServerProvider({ definitions: flags, logging: true });
    const reject = () => rejected(new Error('disk full'));
    const logger = { error: fail, warn: reject, info: fail, debug: reject };
    for (const method of ['Boolean', 'String', 'Number', 'Object'] as const) {
      const resolve = provider[`resolve${method}Evaluation`].bind(provider) as (
        ...args: unknown[]
      ) => Promise<unknown>;
      for (const key of ['on', 'absent', ...oddKeys])
        for (const [, context] of [['', undefined], ['', null], ...unusable, ...unsendable])
          await expect(resolve(key, circular, context, logger)).resolves.toHaveProperty('value');
    }
    await provider.onClose();
  });
});

async function rejected(reason: unknown): Promise<never> {
  throw reason as Error;
}

function fail(): never {
  throw new Error('disk full');
}

function bindingOf(values: Readonly<Record<string, unknown>>) {
  const details = (key: string) => Promise.resolve({ flagKey: key, value: values[key] });
  return {
    getBooleanDetails: details,
    getStringDetails: details,
    getNumberDetails: details,
    getObjectDetails: details,
  } as never;
}

const QUIET: Readonly<NestApplicationOptions> = { logger: false };

it('a key that no flag can have is refused before it is sent or written anywhere', async () => {
  const key = 'k'.repeat(10_000_000);
  const provider = new FlagshipServerProvider({ endpoint: 'http://127.0.0.1:9/evaluate', retries: 0 });
  const details = await provider.resolveBooleanEvaluation(key, true, {});
  expect(details).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' });
  expect(details.errorMessage).toBe(
    "A flag's key has at most 1024 characters, but one of 10000000 was given.",
  );
  expect(provider.stats().upstream?.requests).toBe(0);
  await provider.onClose();
  const app = await NestFactory.createApplicationContext(FlagshipModule.forRoot({ definitions: {} }), QUIET);
  expect(await app.get(FlagService).getBooleanDetails(key as never, true)).toMatchObject({
    value: true,
    errorCode: 'FLAG_NOT_FOUND',
  });
  await app.close();
});

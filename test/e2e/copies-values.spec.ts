import { Controller, Get, Param } from '@nestjs/common';
import {
  type EvaluationDetails,
  type JsonValue,
  OpenFeature,
  type Provider,
  TypedInMemoryProvider,
} from '@openfeature/server-sdk';
import fc from 'fast-check';
import {
  FlagDetails,
  FlagService,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
  FlagValue,
} from 'nestjs-flagship';
import request from 'supertest';
import { closedPort } from '../fixtures/closed-port';
import { shop } from '../fixtures/shop-app';
import { useApp } from '../fixtures/use-app';
import { captureLog } from '../fixtures/captured-log';

const GREY = { accent: 'grey', list: ['a'], deep: { more: [{ n: 1 }] } };
const TEAL = { accent: 'teal', list: ['b'], deep: { more: [{ n: 2 }] } };

/** Writes into everything of a value that can be written into. */
function scribble(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  for (const member of Object.values(value)) scribble(member);
  if (Array.isArray(value)) value.push('scribbled');
  else Object.assign(value, { scribbled: true });
}

@Controller()
class LookController {
  constructor(private readonly flags: FlagService) {}

  @Get('value/:key')
  value(
    @FlagValue('look', GREY) look: typeof GREY,
    @FlagValue('absent', GREY) absent: typeof GREY,
    @FlagValue('page', GREY) mismatch: typeof GREY,
    @FlagValue('off', GREY) off: typeof GREY,
    @FlagValue('look', GREY, { domain: 'none' }) unanswered: typeof GREY,
  ) {
    return this.shown([look, absent, mismatch, off, unanswered]);
  }

  @Get('details')
  details(
    @FlagDetails('look', GREY) look: EvaluationDetails<JsonValue>,
    @FlagDetails('absent', GREY) absent: EvaluationDetails<JsonValue>,
    @FlagDetails('look', GREY, { domain: 'none' }) unanswered: EvaluationDetails<JsonValue>,
  ) {
    return this.shown([look, absent, unanswered].map(({ value }) => value));
  }

  @Get('service/:key')
  async service(@Param('key') key: string) {
    const first = await this.flags.getObjectValue(key, GREY);
    const text = JSON.stringify(first);
    scribble(first);
    scribble((await this.flags.getObjectDetails(key, GREY)).value);
    return [text, JSON.stringify(await this.flags.getObjectValue(key, GREY))];
  }

  @Get('context')
  context() {
    const text = JSON.stringify(this.flags.context);
    scribble(this.flags.context);
    return [text, JSON.stringify(this.flags.context)];
  }

  private shown(values: readonly unknown[]): string[] {
    const texts = values.map((value) => JSON.stringify(value));
    values.forEach(scribble);
    return texts;
  }
}

const definitions = {
  look: TEAL as never,
  page: 'modern',
  off: { enabled: false, default_variation: 'a', variations: { a: TEAL as never }, rules: [] },
};
const flag = (value: unknown) => ({ disabled: false, variants: { on: value }, defaultVariant: 'on' });
/** Hands out the same objects each time, its own and the default. */
const careless = (): Provider => {
  const flags: Record<string, ReturnType<typeof flag>> = { look: flag(TEAL), page: flag('modern') };
  const provider = new TypedInMemoryProvider(flags as never);
  const resolve = provider.resolveObjectEvaluation.bind(provider);
  provider.resolveObjectEvaluation = (key, defaultValue, ...rest) =>
    key === 'off'
      ? Promise.resolve({ value: defaultValue, reason: 'OFF' })
      : resolve(key, defaultValue, ...rest);
  return provider;
};
const away = async (): Promise<FlagshipModuleOptions> => ({
  endpoint: `http://127.0.0.1:${await closedPort()}/evaluate`,
  retries: 0,
});
const modules: [string, () => FlagshipModuleOptions | Promise<FlagshipModuleOptions>][] = [
  ['Flagship', () => ({ definitions })],
  ['Flagship away', away],
  [
    'local evaluation that is not ready',
    async () => ({ ...(await away()), accountId: 'a', localEvaluation: true }),
  ],
  ['Flagship and a hook', () => ({ definitions, hooks: [{ after: (_, { value }) => scribble(value) }] })],
  ['another provider', () => ({ provider: careless() })],
  ['another provider and a hook', () => ({ provider: careless(), hooks: [{}] })],
];

const apps = useApp();

afterEach(() => {
  jest.restoreAllMocks();
});

describe.each(modules)('with %s', (_name, options) => {
  beforeEach(() => {
    // What a module without Flagship warns of is specified elsewhere.
    captureLog();
  });
  afterEach(() => {
    OpenFeature.setContext({});
  });

  async function start(more: FlagshipModuleOptions = {}) {
    const { app } = await apps.start(shop({ ...(await options()), ...more }, [LookController]));
    return app;
  }

  it.each([
    '/value/x',
    '/details',
    '/service/look',
    '/service/absent',
    '/service/page',
    '/service/off',
    '/context',
  ])('%s gives each request the original value', async (path) => {
    const app = await start({ context: { region: 'eu', office: { floors: [1] } } });
    const http = request(app.getHttpServer() as string);
    const first = (await http.get(path).expect(200)).body as string[];
    expect(first.join()).not.toMatch(/scribbled/);
    for (let round = 0; round < 2; round++) expect((await http.get(path).expect(200)).body).toEqual(first);
    expect(GREY).toEqual({ accent: 'grey', list: ['a'], deep: { more: [{ n: 1 }] } });
    expect(TEAL).toEqual({ accent: 'teal', list: ['b'], deep: { more: [{ n: 2 }] } });
  });

  it('a reader that changes its value changes no value of another reader, in a scope or outside', async () => {
    const flags = (await start()).get(FlagService);
    const key = fc.constantFrom('look', 'absent', 'page', 'off');
    const given = fc.object({ maxDepth: 3, values: [fc.string(), fc.integer(), fc.constant(null)] });
    await fc.assert(
      fc.asyncProperty(key, given, fc.boolean(), async (flagKey, defaultValue, isScoped) => {
        const before: unknown = structuredClone(defaultValue);
        const read = async (): Promise<unknown[]> => {
          const details = await flags.getObjectDetails(flagKey, defaultValue);
          const value = await flags.getObjectValue(flagKey, defaultValue);
          const seen: unknown[] = structuredClone([details.value, value]);
          scribble(details.value);
          scribble(value);
          return seen;
        };
        const twice = async () => [await read(), await read()];
        const [one, two] = await (isScoped ? flags.withContext({}, twice) : twice());
        expect(two).toEqual(one);
        expect(defaultValue).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it('copies contexts when they are given', async () => {
    const office = { floors: [1] };
    const options = { region: 'eu', office };
    const flags = (await start({ context: options })).get(FlagService);
    const user = { targetingKey: 'ann', profile: { plan: 'free' } };
    flags.withContext(user, () => {
      options.region = 'us';
      office.floors.push(2);
      user.targetingKey = 'bob';
      user.profile.plan = 'pro';
      expect(flags.context).toEqual({
        region: 'eu',
        office: { floors: [1] },
        targetingKey: 'ann',
        profile: { plan: 'free' },
      });
    });
    flags.context.plan = 'pro';
    (flags.context.office as unknown as typeof office).floors.push(3);
    expect(flags.context).toEqual({ region: 'eu', office: { floors: [1] } });
  });

  it('returns a default of another kind unchanged', async () => {
    const flags = (await start()).get(FlagService);
    const odd = { since: new Date(5), names: new Map([['a', 1]]), run: () => 1, gone: undefined };
    const circular: Record<string, unknown> = { odd };
    circular.self = circular;
    const answer = await flags.getObjectValue('absent', circular);
    expect(answer).toEqual(circular);
    expect((answer.odd as typeof odd).names).toBe(odd.names);
    expect((answer.odd as typeof odd).run).toBe(odd.run);
    const list = new Set([1]);
    expect(await flags.getObjectValue('absent', list)).toBe(list);
  });

  it('returns copies of its statistics', async () => {
    const flags = (await start()).get(FlagService);
    await flags.isEnabled('absent');
    const text = JSON.stringify(flags.stats());
    scribble(flags.stats());
    scribble(flags.usage());
    expect(JSON.stringify(flags.stats())).toBe(text);
    expect(JSON.stringify(flags.usage())).not.toMatch(/scribbled/);
  });
});

it('an OpenFeature client gets a copy of its default from FlagshipServerProvider', async () => {
  const provider = new FlagshipServerProvider({ definitions });
  for (const key of ['off', 'absent', 'page']) {
    const { value } = await provider.resolveObjectEvaluation(key, GREY, {});
    expect(value).toEqual(GREY);
    scribble(value);
  }
  expect(GREY.list).toEqual(['a']);
  await provider.onClose();
});

it('the injected client gives each caller a copy of its default', async () => {
  // The application names a flag that the definitions lack, and is told so.
  captureLog();
  const { app } = await apps.start(shop({ definitions }, [LookController]));
  const { client } = app.get(FlagService);
  for (const key of ['off', 'absent', 'page']) {
    const { value } = await client.getObjectDetails(key, GREY);
    expect(value).toEqual(GREY);
    scribble(value);
    scribble(await client.getObjectValue(key, GREY));
  }
  expect(GREY.list).toEqual(['a']);
});

it('the metadata of another provider’s answers is neither frozen nor changed for the provider', async () => {
  const metadata = { owner: 'shop' };
  const provider = new TypedInMemoryProvider({});
  provider.resolveBooleanEvaluation = () => Promise.resolve({ value: true, flagMetadata: metadata });
  const { app } = await apps.start(shop({ provider }, [LookController]));
  const { flagMetadata } = await app.get(FlagService).getBooleanDetails('flag', false);
  expect(Object.isFrozen(flagMetadata)).toBe(true);
  metadata.owner = 'changed';
  expect(flagMetadata).toEqual({ owner: 'shop' });
});

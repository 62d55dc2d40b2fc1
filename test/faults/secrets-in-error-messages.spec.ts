import { Test } from '@nestjs/testing';
import { type EvaluationContext, type Provider } from '@openfeature/server-sdk';
import {
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
  TelemetryHook,
} from 'nestjs-flagship';
import { captureOutput } from '../fixtures/captured-output';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useServer } from '../fixtures/use-server';

const MAIL = 'ann@example.com';
const PASSWORD = 'p4ssw0rd-of-redis';
const output = captureOutput();
const servers = useServer();
let server: ScriptedServer;

beforeAll(async () => (server = await servers.start()));

/** Asks a flag in an application with these options, and returns what was logged. */
async function logOf(options: Partial<FlagshipModuleOptions>): Promise<string> {
  const module = FlagshipModule.forRoot({ definitions: { on: true }, ...options });
  const { logger: to } = output;
  const logger = { ...to, log: (line: string) => to.info(line) };
  const app = await Test.createTestingModule({ imports: [module] })
    .setLogger(logger)
    .compile();
  await app.init();
  await app.get(FlagService).isEnabled('on', false, { targetingKey: MAIL, plan: 'pro' });
  await app.close();
  return output.lines.join('\n');
}

describe('a hook that quotes the context in its error', () => {
  const stages = ['before', 'after', 'finally'] as const;
  const say = ({ context }: { context: EvaluationContext }): never => {
    throw new Error(`cannot audit ${JSON.stringify(context)} at https://me:${PASSWORD}@audit/x`);
  };

  it.each(stages)('is logged without it: %s', async (stage) => {
    const log = await logOf({ hooks: [{ [stage]: say }] });
    expect(log).toContain(`A hook failed in "${stage}"; the evaluation goes on without it.`);
    expect(log).toContain('cannot audit');
    expect(log).not.toContain(MAIL);
    expect(log).not.toContain(PASSWORD);
  });
});

it('neither is the callback of a TelemetryHook', async () => {
  const hook = new TelemetryHook(({ context }) => {
    throw new Error(`cannot send ${JSON.stringify(context)}`);
  });
  const log = await logOf({ hooks: [hook] });
  expect(log).toContain('The callback of a TelemetryHook failed. cannot send');
  expect(log).not.toContain(MAIL);
});

describe('what quotes the credentials it connects with is logged without them', () => {
  const fail = (): never => {
    throw new Error(`cannot reach redis://default:${PASSWORD}@cache:6379/0, token=${PASSWORD}`);
  };
  const remote = () => ({
    definitions: undefined,
    endpoint: `${server.url}/evaluate`,
    authToken: 'token',
    cacheTtl: 1000,
  });
  const failing: Provider = {
    metadata: { name: 'failing' },
    runsOn: 'server',
    initialize: async () => fail(),
    resolveBooleanEvaluation: fail,
    resolveStringEvaluation: fail,
    resolveNumberEvaluation: fail,
    resolveObjectEvaluation: fail,
  };

  it.each<[string, () => Partial<FlagshipModuleOptions>]>([
    ['a shared store', () => ({ ...remote(), cacheStore: { get: fail, set: fail } })],
    ['another provider', () => ({ definitions: undefined, provider: failing })],
  ])('%s', async (_, options) => {
    const log = await logOf(options());
    expect(log).toContain('cannot reach redis://cache:6379');
    expect(log).not.toContain(PASSWORD);
  });
});

describe('the message of a context that cannot be used', () => {
  const message = async (
    context: object,
    options: object = { definitions: { on: rule } },
  ): Promise<unknown> => {
    const provider = new FlagshipServerProvider(options);
    const { errorCode, errorMessage } = await provider.resolveBooleanEvaluation(
      'on',
      false,
      context as EvaluationContext,
    );
    await provider.onClose();
    expect(errorCode).toBe('INVALID_CONTEXT');
    return errorMessage;
  };
  const rule = {
    enabled: true,
    default_variation: 'off',
    variations: { on: true, off: false },
    rules: [
      {
        conditions: [{ attribute: 'user.mail', operator: 'equals', value: 'x' }],
        serve_variation: 'on',
      },
    ],
  };
  const userOf = (prototype: object) =>
    Object.create(prototype, {
      mail: {
        enumerable: true,
        get: () => {
          throw new Error(`cannot decrypt ${MAIL}`);
        },
      },
    }) as object;

  it('names attributes, but no name that is data', async () => {
    expect(await message({ seats: { first: () => 1 } })).toContain('"seats.first" is a function');
    expect(await message({ seats: { [MAIL]: () => 1 } })).toContain('"seats.[hidden]" is a function');
    expect(await message({ [MAIL]: NaN })).toContain('"[hidden]" is NaN');
    const asQuery = { endpoint: `${server.url}/evaluate`, contextTransport: 'query' };
    expect(await message({ [MAIL]: ['x'] }, asQuery)).toContain('which "[hidden]" is not');
  });

  it('does not pass on what a getter throws', async () => {
    const prefix = 'The evaluation context cannot be used:';
    expect(await message({ user: userOf(Object.prototype) })).toBe(
      `${prefix} one of its attributes cannot be read.`,
    );
    expect(await message({ user: userOf({ isUser: true }) })).toBe(
      `${prefix} "user" is neither a plain object nor a list, which JSON cannot carry.`,
    );
  });
});

it.each(['ftp://me:secret@host/x', 'me:secret@host/x', 'https//me:secret@host'])(
  'the message of an unusable address shows no password: %s',
  (endpoint) => {
    expect(() => new FlagshipServerProvider({ endpoint })).toThrow(
      /option "endpoint" must be an (http|absolute)/,
    );
    expect(() => new FlagshipServerProvider({ endpoint })).not.toThrow(/secret/);
  },
);

import { setImmediate as turn } from 'node:timers/promises';
import { type INestApplication, Logger } from '@nestjs/common';
import { type EvaluationContext, type Hook, OpenFeature } from '@openfeature/server-sdk';
import { FlagService, type FlagshipModuleOptions, LoggingHook, TelemetryHook } from 'nestjs-flagship';
import request from 'supertest';
import { captureLog, useLog } from '../fixtures/captured-log';
import { shop } from '../fixtures/shop-app';
import { useApp } from '../fixtures/use-app';

const rule = (plan: string) => ({
  conditions: [{ attribute: 'plan', operator: 'equals', value: plan }],
  serve_variation: 'on',
});
const definitions = {
  'home-page': 'modern',
  'new-checkout': true,
  look: { accent: 'teal' },
  pro: {
    enabled: true,
    default_variation: 'off',
    variations: { on: true, off: false },
    rules: [rule('pro')],
  },
};
const STAGES = ['before', 'after', 'error', 'finally'] as const;
const never = new Promise<never>(() => undefined);
const exotic = {
  toString(): string {
    throw new Error('no text');
  },
};

describe('a hook of the module that fails changes no answer', () => {
  const apps = useApp();
  const lines = useLog();
  afterEach(async () => {
    OpenFeature.clearHooks();
  });

  async function start(
    hooks: Hook[],
    options: Partial<FlagshipModuleOptions> = {},
  ): Promise<INestApplication> {
    const { app } = await apps.start(shop({ definitions, hooks, ...options }));
    app.useLogger(Logger);
    return app;
  }
  async function expectAnswers(app: INestApplication): Promise<void> {
    const flags = app.get(FlagService);
    expect(await flags.getStringDetails('home-page', 'mine')).toMatchObject({
      value: 'modern',
      reason: 'STATIC',
    });
    expect(await flags.getStringDetails('absent', 'mine')).toMatchObject({
      value: 'mine',
      errorCode: 'FLAG_NOT_FOUND',
    });
    await request(app.getHttpServer() as string)
      .get('/checkout/7')
      .expect(200);
  }

  const failures: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('metrics are down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('metrics are down'))],
    [
      'throws what is no error',
      () => {
        throw exotic as unknown as Error;
      },
    ],
    [
      'returns a thenable that throws',
      () => ({
        get then(): never {
          throw new Error('metrics are down');
        },
      }),
    ],
  ];
  describe.each(STAGES)('in "%s"', (stage) => {
    it.each(failures)('that %s', async (_, fail) => {
      const app = await start([{ [stage]: fail }]);
      await expectAnswers(app);
      expect(lines.filter((line) => line.startsWith(`warn A hook failed in "${stage}"`))).toHaveLength(1);
    });
  });

  it.each(STAGES)('waits: hook, that hangs in "%s"', async (stage) => {
    const app = await start([{ [stage]: () => never }], { hookTimeout: 20 });
    await expectAnswers(app);
    expect(lines.join('\n')).toMatch(/"hookTimeout"/);
  });

  it('is waited for once an evaluation, in whichever stage it hangs', async () => {
    let calls = 0;
    const hang = () => {
      calls++;
      return never;
    };
    const app = await start([{ before: hang, after: hang, finally: hang }], { hookTimeout: 20 });
    expect(await app.get(FlagService).isEnabled('new-checkout')).toBe(true);
    expect(calls).toBe(1);
  });

  it('adds what it adds to the context, as it is when it is added', async () => {
    const added: Record<string, string> = { plan: 'pro' };
    const seen: EvaluationContext[] = [];
    const app = await start([
      { before: () => added },
      { before: () => Promise.resolve({ region: 'eu' }) },
      {
        after: ({ context }) => {
          added.plan = 'free';
          seen.push({ ...context });
        },
      },
    ]);
    expect(await app.get(FlagService).isEnabled('pro')).toBe(true);
    expect(seen).toEqual([{ plan: 'pro', region: 'eu' }]);
  });

  it.each<[string, unknown]>([
    [
      'throws as it is read',
      {
        get plan(): string {
          throw new Error('no');
        },
      },
    ],
    ['is no object', 'pro'],
    ['is too large', { text: 'x'.repeat(40_000) }],
  ])('adds nothing with a context that %s', async (_, added) => {
    const app = await start([{ before: () => added as EvaluationContext }]);
    await expectAnswers(app);
    expect(lines.join('\n')).toMatch(/hook failed in "before"/);
  });

  it('cannot write into the answer, at once or later', async () => {
    const held: { value: unknown }[] = [];
    const write = (details: { value: unknown }) => {
      held.push(details);
      details.value = { accent: 'written' };
    };
    const app = await start([
      { after: (_, details) => write(details), finally: (_, details) => write(details) },
    ]);
    const flags = app.get(FlagService);
    await flags.withContext({}, async () => {
      expect(await flags.getObjectValue('look', {})).toEqual({ accent: 'teal' });
      for (const details of held) Object.assign(details.value as object, { accent: 'later' });
      expect(await flags.getObjectValue('look', {})).toEqual({ accent: 'teal' });
    });
  });

  it('cannot write into a default or a context that outlives the evaluation', async () => {
    const mine = { accent: 'grey', list: ['a'] };
    const user = { targetingKey: 'ann', profile: { plan: 'free' } };
    const app = await start([
      {
        before: ({ defaultValue, context }) => {
          Object.assign(defaultValue as object, { accent: 'written' });
          (defaultValue as unknown as typeof mine).list.push('b');
          (context as unknown as typeof user).profile.plan = 'written';
        },
      },
    ]);
    const flags = app.get(FlagService);
    await flags.withContext(user, async () => {
      expect(await flags.getObjectValue('absent', mine)).toEqual({ accent: 'grey', list: ['a'] });
      expect(flags.context).toEqual(user);
    });
    expect(mine).toEqual({ accent: 'grey', list: ['a'] });
    expect(user.profile.plan).toBe('free');
  });

  it('leaves hooks of the API to OpenFeature, for as long as they do not hang', async () => {
    const app = await start([]);
    OpenFeature.addHooks({
      before: () => {
        throw new Error('refused');
      },
    });
    const details = await app.get(FlagService).getStringDetails('home-page', 'mine');
    expect(details).toMatchObject({ value: 'mine', errorCode: 'GENERAL', errorMessage: 'refused' });
  });

  it('waits: evaluation, where a hook of the API hangs', async () => {
    const app = await start([], { evaluationTimeout: 20 });
    OpenFeature.addHooks({ before: () => never });
    const details = await app.get(FlagService).getStringDetails('home-page', 'mine');
    expect(details).toMatchObject({ value: 'mine', reason: 'ERROR', errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(/"home-page".*20 ms.*"evaluationTimeout"/);
  });

  it('is told of a context that cannot be used', async () => {
    const seen: unknown[] = [];
    const app = await start([{ error: (_, error) => void seen.push((error as { code?: string }).code) }]);
    const details = await app.get(FlagService).getBooleanDetails('new-checkout', false, {
      get plan(): string {
        throw new Error('no');
      },
    });
    expect(details).toMatchObject({ value: false, errorCode: 'INVALID_CONTEXT' });
    expect(seen).toEqual(['INVALID_CONTEXT']);
  });
});

describe('the hooks of this package', () => {
  let unhandled: jest.Mock;
  beforeEach(() => process.on('unhandledRejection', (unhandled = jest.fn())));
  afterEach(async () => {
    await turn();
    await turn();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    await OpenFeature.clearProviders();
    jest.restoreAllMocks();
  });

  const dag = Array.from({ length: 25 }).reduce<unknown>((inner) => ({ a: inner, b: inner }), 'x');
  const hookContext = { flagKey: 'a\nb', context: { dag, plan: 'pro' }, defaultValue: dag } as never;

  it('write one short line, whatever value and context are', () => {
    const lines: string[] = [];
    const logger = {
      log: (line: string) => void lines.push(line),
      warn: (line: string) => void lines.push(line),
    };
    const hook = new LoggingHook({ logger, context: true });
    hook.after(hookContext, { flagKey: 'a', value: dag as never, reason: 'x\u001b[2J', flagMetadata: {} });
    hook.error(hookContext, exotic);
    hook.error(hookContext, new Error('one\ntwo'));
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line.length).toBeLessThan(300);
      expect(Array.from(line).every((character) => character >= ' ')).toBe(true);
    }
  });

  it('survive a logger that is asynchronous and rejects', () => {
    const fail = (): unknown => Promise.reject(new Error('disk full'));
    const hook = new LoggingHook({ logger: { log: fail, warn: fail } });
    hook.after(hookContext, { flagKey: 'a', value: true, flagMetadata: {} });
    hook.error(hookContext, new Error('x'));
  });

  it.each([
    ['throws', () => Promise.reject(new Error('down'))],
    [
      'throws what is no error',
      () => {
        throw exotic as unknown as Error;
      },
    ],
  ])('tell once that a callback %s', async (_, callback) => {
    const lines = captureLog();
    const hook = new TelemetryHook(callback);
    for (let round = 0; round < 3; round++) {
      hook.before(hookContext);
      hook.finally(hookContext, { flagKey: 'a', value: true, flagMetadata: {} });
    }
    await turn();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^warn The callback of a TelemetryHook failed/);
  });
});

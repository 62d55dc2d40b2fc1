import { randomUUID } from 'node:crypto';
import { Controller, type ExecutionContext, Get, Logger, Req } from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import request from 'supertest';
import { RequestFlags } from '../../lib/service';
import { captureLog } from '../fixtures/captured-log';
import { adapters, useApp } from '../fixtures/use-app';
import { subjectProvider } from '../fixtures/subject-provider';

interface Seen {
  readonly parameter: string;
  readonly service: string;
  readonly again: string;
  readonly client: string;
  readonly context: { readonly targetingKey?: string };
}

@Controller()
class SeeingController {
  constructor(
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  @FeatureFlag('on')
  @Get()
  async look(@FlagValue('who', '') parameter: string): Promise<Seen> {
    const service = await this.flags.getStringValue('who', '');
    const client = await this.client.getStringValue('who', '');
    const again = await this.flags.getStringValue('who', '', {});
    return { parameter, service, again, client, context: this.flags.context };
  }

  @Get('accessor')
  accessor(@Req() incoming: object): Promise<Seen | undefined> {
    Object.defineProperty(incoming, 'user', { get: () => ({ id: 'ann' }), configurable: true });
    return this.flags.getStringValue('who', '').then((service) => ({ service }) as Seen);
  }

  /** An administrator who looks at the shop as another user does, and goes back. */
  @Get('impersonation')
  async impersonation(@Req() incoming: { user?: object }) {
    const seen: string[] = [];
    const users = [{ id: 'admin' }, { id: 'ann' }];
    for (const user of [users[0], users[1], users[0], users[1]]) {
      incoming.user = user;
      seen.push(await this.flags.getStringValue('who', ''));
    }
    return { seen };
  }

  @Get('health')
  health() {
    return 'up';
  }
}

const apps = useApp();
let lines: string[];
beforeEach(() => {
  lines = captureLog();
});
afterEach(async () => {
  jest.restoreAllMocks();
});
const warnings = () => lines.filter((line) => line.startsWith('warn'));

const propagations = ['interceptor', 'middleware', 'none'] as const;

async function start(
  options: Partial<FlagshipModuleOptions>,
  adapter: (typeof adapters)[number][1] = adapters[0]![1],
) {
  const { provider, asked } = subjectProvider();
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot({ provider, ...options })],
    controllers: [SeeingController],
    adapter: adapter(),
  });
  const get = async (path = '/'): Promise<Seen> => {
    const { body } = await request(app.getHttpServer()).get(path).expect(200);
    return body as Seen;
  };
  return { app, get, asked };
}

describe.each(propagations)('under propagation %s', (propagation) => {
  const hasScope = propagation !== 'none';
  const idsOf = ({ parameter, service, again, client }: Seen) =>
    new Set(hasScope ? [parameter, service, again, client] : [parameter]);

  describe.each(adapters)('on %s', (_name, adapter) => {
    it('calls userId and the factory once per request, even if each call returns another id', async () => {
      const userId = jest.fn(() => `visitor-${randomUUID()}`);
      const contextFactory = jest.fn(() => ({ plan: randomUUID() }));
      const { get } = await start({ propagation, requestContext: { userId }, contextFactory }, adapter);
      const ids = [];
      for (let visit = 1; visit <= 3; visit++) {
        const seen = idsOf(await get());
        expect(seen.size).toBe(1);
        ids.push(...seen);
        expect([userId.mock.calls.length, contextFactory.mock.calls.length]).toEqual([visit, visit]);
      }
      expect(new Set(ids).size).toBe(3);
    });

    it('does the same with an asynchronous factory', async () => {
      const userId = jest.fn(() => `visitor-${randomUUID()}`);
      const contextFactory = jest.fn(async () => {
        await new Promise(setImmediate);
        return { plan: randomUUID() };
      });
      const { get } = await start({ propagation, requestContext: { userId }, contextFactory }, adapter);
      expect(idsOf(await get()).size).toBe(1);
      expect([userId.mock.calls.length, contextFactory.mock.calls.length]).toEqual([1, 1]);
    });
  });

  it('uses the attributes of the factory although request.user is another object at each read', async () => {
    let calls = 0;
    const contextFactory = async () => {
      calls++;
      await new Promise(setImmediate);
      return { plan: 'pro' };
    };
    const { get } = await start({ propagation, contextFactory });
    expect((await get('/accessor')).service).toBe(hasScope ? 'ann pro' : 'nobody -');
    expect(calls).toBeLessThan(10);
  });

  it('calls both once for each user of a request, even if it returns to an earlier user', async () => {
    const userId = jest.fn(({ user }) => (user as { id: string } | undefined)?.id ?? randomUUID());
    let made = 0;
    const contextFactory = jest.fn(async () => {
      await new Promise(setImmediate);
      return { plan: `plan-${++made}` };
    });
    const requestContext = { userId: userId as (request: unknown) => unknown };
    const { get } = await start({ propagation, requestContext, contextFactory });
    const { seen } = (await get('/impersonation')) as unknown as { seen: string[] };
    if (!hasScope) return;
    expect(seen.map((one) => one.split(' ')[0])).toEqual(['admin', 'ann', 'admin', 'ann']);
    expect([seen[2], seen[3]]).toEqual([seen[0], seen[1]]);
    // The request came in without a user.
    expect([userId.mock.calls.length, contextFactory.mock.calls.length]).toEqual([3, 3]);
  });

  describe('re-entrance', () => {
    it.each(['at once', 'later'])(
      'answers a flag that the factory asks %s without the factory',
      async (when) => {
        const told: unknown[] = [];
        const contextFactory = async (): Promise<{ plan: string }> => {
          if (when === 'later') await new Promise(setImmediate);
          const flags = app.get(FlagService);
          told.push(await flags.getStringValue('who', ''), await flags.client.getStringValue('who', ''));
          return { plan: 'pro' };
        };
        const requestContext = { userId: () => 'ann' };
        const { app, get } = await start({ propagation, contextFactory, requestContext });
        expect(idsOf(await get())).toEqual(new Set(['ann pro']));
        expect(told).toEqual(['ann -', 'ann -']);
      },
    );

    it('answers a flag that a synchronous factory asks', async () => {
      const told: Promise<unknown>[] = [];
      const contextFactory = () => {
        told.push(app.get(FlagService).getStringValue('who', ''));
        return { plan: 'pro' };
      };
      const { app, get } = await start({
        propagation,
        contextFactory,
        requestContext: { userId: () => 'ann' },
      });
      expect(idsOf(await get())).toEqual(new Set(['ann pro']));
      expect(await Promise.all(told)).toEqual(['ann -']);
    });

    it('answers a flag that userId asks', async () => {
      const told: Promise<unknown>[] = [];
      const userId = () => {
        told.push(app.get(FlagService).getStringValue('who', ''));
        told.push(app.get(FlagService).client.getStringValue('who', ''));
        return 'ann';
      };
      const { app, get } = await start({ propagation, requestContext: { userId } });
      expect(idsOf(await get())).toEqual(new Set(['ann -']));
      expect(await Promise.all(told)).toEqual(['nobody -', 'nobody -']);
    });

    it('does not wait for itself if the factory evaluates with its own execution context', async () => {
      const contextFactory = async (context: ExecutionContext): Promise<{ plan: string }> => {
        await new Promise(setImmediate);
        const flags = app.get(RequestFlags, { strict: false });
        return { plan: (await flags.evaluate(context, 'string', 'who', '')).value };
      };
      const options = { propagation, contextFactory, contextTimeout: 60_000 };
      const { app, get } = await start({ ...options, requestContext: { userId: () => 'ann' } });
      expect(idsOf(await get())).toEqual(new Set(['ann ann -']));
    });
  });

  describe('waits: contextFactory', () => {
    it('goes on without the factory after the limit, and logs one warning', async () => {
      const contextFactory = () => new Promise<never>(() => undefined);
      const requestContext = { userId: () => 'ann' };
      const { get } = await start({ propagation, contextFactory, contextTimeout: 50, requestContext });
      expect(idsOf(await get())).toEqual(new Set(['ann -']));
      expect(await get('/health').catch(() => 'down')).not.toBe('down');
      await get();
      expect(warnings()).toEqual([
        'warn The option "contextFactory" did not finish within 50 ms. Requests go on without what it would have added; see option "contextTimeout".',
      ]);
    });

    it('ignores a late result and a late rejection', async () => {
      let settle: ((value: Promise<{ plan: string }>) => void)[] = [];
      const contextFactory = () => new Promise<{ plan: string }>((resolve) => settle.push(resolve));
      const requestContext = { userId: () => 'ann' };
      const { get } = await start({ propagation, contextFactory, contextTimeout: 50, requestContext });
      expect(idsOf(await get())).toEqual(new Set(['ann -']));
      for (const resolve of settle) resolve(Promise.reject(new Error('too late')));
      settle = [];
      await new Promise(setImmediate);
      expect(warnings()).toHaveLength(1);
    });
  });

  describe('a factory that returns no object', () => {
    const throwing = {
      get plan(): never {
        throw new Error('no plan');
      },
    };
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys');
        },
      },
    );
    const brokenThenable = {
      get then(): never {
        throw new Error('no then');
      },
    };
    it.each<[what: string, value: unknown]>([
      ['null', null],
      ['text', 'pro'],
      ['a number', 7],
      ['a list', [{ plan: 'pro' }]],
      ['a map', new Map([['plan', 'pro']])],
      ['an object whose getter throws', throwing],
      ['a proxy that throws', trap],
      ['a thenable that throws', brokenThenable],
    ])('returns %s: one warning is logged, and evaluations go on', async (_, value) => {
      for (const contextFactory of [() => value as never, async () => value as never]) {
        lines.length = 0;
        const { app, get } = await start({
          propagation,
          contextFactory,
          requestContext: { userId: () => 'ann' },
        });
        expect(idsOf(await get())).toEqual(new Set(['ann -']));
        await get();
        expect(warnings()).toHaveLength(1);
        expect(warnings()[0]).toContain('contextFactory');
        await app.close();
      }
    });

    it('may return nothing, or an object without a prototype, without a warning', async () => {
      const nothing = await start({ propagation, contextFactory: () => undefined });
      expect(idsOf(await nothing.get())).toEqual(new Set(['nobody -']));
      await nothing.app.close();
      const bare = Object.assign(Object.create(null) as object, { plan: 'pro' });
      const { get } = await start({ propagation, contextFactory: () => bare });
      expect(idsOf(await get())).toEqual(new Set(['nobody pro']));
      expect(warnings()).toEqual([]);
    });
  });

  it('logs one warning for each kind of failure of userId and of the factory', async () => {
    let round = 0;
    const userId = () => {
      if (round % 2 === 0) throw new Error('no session');
      return Promise.resolve('ann');
    };
    const contextFactory = () => {
      if (round % 2 === 0) throw new Error('no tenant');
      return [] as never;
    };
    const { get } = await start({ propagation, requestContext: { userId }, contextFactory });
    for (; round < 6; round++) expect(idsOf(await get())).toEqual(new Set(['nobody -']));
    expect(warnings().map((line) => line.split(/[;.]/)[0])).toEqual([
      'warn Option "requestContext',
      'warn Option "contextFactory" failed',
      'warn What option "requestContext',
      'warn Option "contextFactory" gave a list instead of an object',
    ]);
    expect(warnings()[2]).toContain('is a promise, which is no id');
  });

  it('evaluates although a thrown value has no text and the logger fails', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {
      throw new Error('the disk is full');
    });
    const userId = () => {
      throw Object.create(null);
    };
    const contextFactory = () => {
      throw new Error('no tenant');
    };
    const { get } = await start({ propagation, requestContext: { userId }, contextFactory });
    expect(idsOf(await get())).toEqual(new Set(['nobody -']));
  });
});

describe('contextTimeout', () => {
  it.each([0, -1, Number.NaN, '1000', Infinity])('refuses %s at the start', async (contextTimeout) => {
    await expect(start({ contextTimeout: contextTimeout as never })).rejects.toThrow('contextTimeout');
  });
});

import { Controller, Get } from '@nestjs/common';
import {
  FeatureFlag,
  flagRequirementsOf,
  FlagService,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import request from 'supertest';
import { shop } from '../fixtures/shop-app';
import { useApp } from '../fixtures/use-app';
import { captureLog } from '../fixtures/captured-log';

/** Knows itself as text, as a database's id does. */
class RecordId {
  constructor(private readonly text: string) {}
  toJSON(): string {
    return this.text;
  }
}

const definitions = {
  flags: {
    plan: 'free',
    'for-ann': {
      enabled: true,
      variations: { on: true, off: false },
      default_variation: 'off',
      rules: [
        {
          conditions: [{ attribute: 'targetingKey', operator: 'equals', value: 'ann' }],
          serve_variation: 'on',
        },
      ],
    },
  },
};

const apps = useApp();

async function start(controllers: Parameters<typeof shop>[1], options: Partial<FlagshipModuleOptions> = {}) {
  const { app } = await apps.start(shop({ definitions, ...options }, controllers));
  return app;
}

const scribble = (write: () => unknown): void => {
  try {
    write();
  } catch {
    // What is frozen says so.
  }
};

it('a decorator copies its arguments when the class is defined', async () => {
  const plans = ['pro'];
  const keys = ['plan'];
  const fallback = { accent: { name: 'grey' } };
  @Controller()
  class LookController {
    @FeatureFlag(keys, { equals: plans })
    @Get('gated')
    gated() {
      return 'in';
    }

    @Get('look')
    look(@FlagValue('absent', fallback) look: typeof fallback) {
      return look;
    }
  }
  const lines = captureLog();
  const app = await start([LookController]);
  expect(lines).toEqual(['warn The code names flags that Flagship does not have: "absent".']);
  jest.restoreAllMocks();
  plans.push('free');
  keys[0] = 'absent';
  fallback.accent.name = 'red';
  // eslint-disable-next-line @typescript-eslint/unbound-method -- a handler is listed by its function
  const handler = LookController.prototype.gated;
  const listed = flagRequirementsOf(handler) as unknown as { accepted: string[]; not: boolean }[];
  scribble(() => listed[0]!.accepted.push('free'));
  scribble(() => (listed[0]!.not = true));
  scribble(() => listed.pop());
  scribble(() => (Reflect.getMetadata(FeatureFlag.KEY, handler) as unknown[]).pop());

  const http = request(app.getHttpServer() as never);
  await http.get('/gated').expect(404);
  await http.get('/look').expect({ accent: { name: 'grey' } });
  expect(flagRequirementsOf(handler)).toMatchObject([{ keys: ['plan'], accepted: ['pro'], not: false }]);
});

@Controller()
class AnnController {
  constructor(private readonly flags: FlagService) {}

  @FeatureFlag('for-ann')
  @Get()
  page() {
    return { context: this.flags.context };
  }
}

describe('a targeting key that is an object', () => {
  it('is converted to its text, from every kind of context', async () => {
    const targetingKey = new RecordId('ann') as never;
    const app = await start([AnnController], { contextFactory: () => ({ targetingKey }) });
    const flags = app.get(FlagService);
    await request(app.getHttpServer() as never)
      .get('/')
      .expect(200, { context: { targetingKey: 'ann' } });
    expect(await flags.isEnabled('for-ann', false, { targetingKey })).toBe(true);
    expect(await flags.withContext({ targetingKey }, () => flags.isEnabled('for-ann'))).toBe(true);
    expect(await flags.client.getBooleanValue('for-ann', false, { targetingKey })).toBe(true);
  });

  it('is an INVALID_CONTEXT error if it has no text', async () => {
    const flags = (await start([])).get(FlagService);
    for (const key of [Buffer.from('ann'), new Map(), Promise.resolve('ann')]) {
      const context = { targetingKey: key as never };
      const details = await flags.getBooleanDetails('for-ann', false, context);
      expect(details).toMatchObject({ value: false, errorCode: 'INVALID_CONTEXT' });
      const job = flags.withContext(context, () => flags.getBooleanDetails('for-ann', false));
      expect((await job).errorCode).toBe('INVALID_CONTEXT');
    }
  });

  it('is sent unchanged if it is JSON', async () => {
    const flags = (await start([])).get(FlagService);
    for (const key of [['ann'], { id: 'ann' }]) {
      const details = await flags.getBooleanDetails('for-ann', true, { targetingKey: key as never });
      expect(details).toMatchObject({ value: false, reason: 'DEFAULT' });
    }
  });
});

it('the nested attributes of a context factory are copied when it returns them', async () => {
  const shared = { plan: 'basic' };
  @Controller()
  class PlanController {
    constructor(private readonly flags: FlagService) {}

    @Get()
    page(@FlagValue('plan', '') plan: string) {
      shared.plan = plan;
      return this.flags.context;
    }
  }
  const app = await start([PlanController], { contextFactory: () => ({ profile: shared }) });
  await request(app.getHttpServer() as never)
    .get('/')
    .expect({ profile: { plan: 'basic' } });
});

it('withContext returns a promise that has methods of its own unchanged', async () => {
  const flags = (await start([])).get(FlagService);
  const made = Object.assign(Promise.resolve(1), { cancel: () => 'cancelled' });
  const query = flags.withContext({ targetingKey: 'ann' }, () => made);
  expect(query.cancel()).toBe('cancelled');
  expect(await query).toBe(1);
});

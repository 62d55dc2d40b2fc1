import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller, Get, type INestApplication, Req } from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import {
  AsyncLocalStorageTransactionContextPropagator,
  type Client,
  type EvaluationContext,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import request from 'supertest';
import { subjectProvider } from '../fixtures/subject-provider';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';

/** Propagators as applications write them; each knows the contexts that it was given. */
class Recording {
  readonly given: EvaluationContext[] = [];
}

class EnteringPropagator extends Recording implements TransactionContextPropagator {
  private readonly storage = new AsyncLocalStorage<EvaluationContext>();
  getTransactionContext(): EvaluationContext {
    return this.storage.getStore() ?? {};
  }
  setTransactionContext<A extends unknown[]>(
    context: EvaluationContext,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    this.given.push(context);
    this.storage.enterWith(context);
    callback(...args);
  }
}

class VariablePropagator extends Recording implements TransactionContextPropagator {
  private current: EvaluationContext = {};
  getTransactionContext(): EvaluationContext {
    return this.current;
  }
  setTransactionContext<A extends unknown[]>(
    context: EvaluationContext,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    this.given.push(context);
    this.current = context;
    callback(...args);
  }
}

/** Keeps a copy, and so what was known when the request came in. */
class CopyingPropagator extends AsyncLocalStorageTransactionContextPropagator {
  override setTransactionContext<A extends unknown[]>(
    context: EvaluationContext,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    super.setTransactionContext({ ...context }, callback, ...args);
  }
}

class FailingPropagator implements TransactionContextPropagator {
  getTransactionContext(): EvaluationContext {
    throw new Error('no context');
  }
  setTransactionContext(): void {
    throw new Error('no context');
  }
}

/** Calls back twice, and once more later. */
class EagerPropagator extends AsyncLocalStorageTransactionContextPropagator {
  override setTransactionContext<A extends unknown[]>(
    context: EvaluationContext,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    super.setTransactionContext(context, callback, ...args);
    super.setTransactionContext(context, callback, ...args);
    setImmediate(() => callback(...args));
  }
}

class LazyPropagator extends AsyncLocalStorageTransactionContextPropagator {
  override setTransactionContext<A extends unknown[]>(
    _context: EvaluationContext,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    setImmediate(() => callback(...args));
  }
}

let handled = 0;

@Controller()
class LookingController {
  constructor(
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  @FeatureFlag('on')
  @Get()
  async look(@Req() incoming: { user?: object }, @FlagValue('who', '') parameter: string) {
    handled++;
    const before = await this.look1();
    incoming.user = { id: 'ann' };
    return { parameter, before, after: await this.look1() };
  }

  @Get('own')
  own() {
    return new Promise((resolve) => {
      OpenFeature.setTransactionContext({ targetingKey: 'own' }, () => {
        resolve(this.look1());
      });
    });
  }

  private async look1() {
    const plain = await OpenFeature.getClient().getStringValue('who', '');
    return [await this.flags.getStringValue('who', ''), await this.client.getStringValue('who', ''), plain];
  }
}

const apps = useApp();
const cleanUp = useCleanup();
afterEach(async () => {
  OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
});

async function start(
  propagator: TransactionContextPropagator | undefined,
  options: Partial<FlagshipModuleOptions>,
): Promise<INestApplication> {
  if (propagator !== undefined) OpenFeature.setTransactionContextPropagator(propagator);
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot({ provider: subjectProvider().provider, ...options })],
    controllers: [LookingController],
  });
  return app;
}

it.each([
  ['enters a context', () => new EnteringPropagator()],
  ['keeps a context in a variable', () => new VariablePropagator()],
])('leaves nothing behind in a propagator that %s', async (_, make) => {
  const propagator = make();
  await start(propagator, {});
  expect(OpenFeature.getTransactionContext()).toEqual({});
  expect(propagator.given).toEqual([]);
  OpenFeature.setTransactionContext({ targetingKey: 'own' }, () => undefined);
  expect(propagator.given).toEqual([{ targetingKey: 'own' }]);
});

const both = ['interceptor', 'middleware'] as const;
const nobody = Array(3).fill('nobody -');
const ann = Array(3).fill('ann -');

describe.each(both)('under propagation %s', (propagation) => {
  it.each<[name: string, propagator: (() => TransactionContextPropagator) | undefined]>([
    ['of this package', undefined],
    ['of the SDK', () => new AsyncLocalStorageTransactionContextPropagator()],
  ])('a propagator %s shows every client the current user', async (_, make) => {
    const app = await start(make?.(), { propagation });
    const { body } = await request(app.getHttpServer()).get('/').expect(200);
    expect(body).toEqual({ parameter: 'nobody -', before: nobody, after: ann });
    const own = await request(app.getHttpServer()).get('/own').expect(200);
    expect(own.body).toEqual(Array(3).fill('own -'));
  });

  it('with a propagator that copies, OpenFeature has the context of the request’s start, services and injected clients have the current one', async () => {
    const app = await start(new CopyingPropagator(), { propagation });
    const { body } = await request(app.getHttpServer()).get('/').expect(200);
    const after = ['ann -', 'ann -', 'nobody -'];
    expect(body).toEqual({ parameter: 'nobody -', before: nobody, after });
    const own = await request(app.getHttpServer()).get('/own').expect(200);
    expect(own.body).toEqual(Array(3).fill('own -'));
  });

  it.each<[name: string, propagator: () => TransactionContextPropagator]>([
    ['fails', () => new FailingPropagator()],
    ['calls back several times', () => new EagerPropagator()],
    ['calls back later', () => new LazyPropagator()],
  ])('the handler runs once with a propagator that %s', async (_, make) => {
    // The SDK tells of a propagator that fails.
    jest.spyOn(console, 'error').mockImplementation();
    cleanUp(async () => jest.restoreAllMocks());
    handled = 0;
    const app = await start(make(), { propagation });
    const { body } = await request(app.getHttpServer()).get('/').expect(200);
    await new Promise(setImmediate);
    expect([handled, (body as { parameter: string }).parameter]).toEqual([1, 'nobody -']);
  });
});

import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Logger,
  Req,
  UseGuards,
} from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client, type EvaluationDetails, TypedInMemoryProvider } from '@openfeature/server-sdk';
import { FeatureFlag, FlagDetails, FlagService, FlagValue } from 'nestjs-flagship';
import request from 'supertest';
import { adapters } from '../../fixtures/use-app';
import { closedPort } from '../../fixtures/closed-port';
import { useFlagshipShop } from '../../fixtures/use-flagship-shop';

const { shop, startShop } = useFlagshipShop();

describe.each(adapters)('on %s', (_, adapter) => {
  it('guards a route, passes values to parameters, and answers alike everywhere in a request', async () => {
    const { http } = await shop({ requestContext: { userId: 'x-user', headers: ['x-plan'] } }, adapter());
    const page = await http.get('/home').expect(200);
    expect(page.body).toEqual({
      parameter: 'modern',
      details: {
        value: 'modern',
        variant: 'default',
        reason: 'STATIC',
        flagMetadata: { flagSetId: 'local' },
        flagKey: 'home-page',
      },
      service: 'modern',
      client: 'modern',
    });
    await http.get('/checkout/7').set('x-plan', 'pro').expect(200, { checkout: '7' });
    await http.get('/modern').expect(200);
  });

  it('refuses as if the route did not exist', async () => {
    const { http } = await shop({}, adapter());
    const refused = await http.get('/checkout/7?a=b').expect(404);
    const unknown = await http.get('/no-such/7?a=b').expect(404);
    expect(refused.body).toEqual({ ...unknown.body, message: 'Cannot GET /checkout/7?a=b' });
  });

  it('builds the context from the configured parts alone, and later parts win', async () => {
    const { http } = await shop(
      {
        context: { region: 'eu', plan: 'static', late: 'static' },
        requestContext: { userId: 'X-User', headers: { 'X-Plan': 'plan', 'x-absent': 'absent' } },
        contextFactory: async (context) => ({ late: context.getHandler().name }),
      },
      adapter(),
    );
    const { body } = await http
      .get('/context')
      .set('x-user', 'ann')
      .set('x-plan', 'pro')
      .set('x-secret', 's');
    expect(body).toEqual({ region: 'eu', plan: 'pro', late: 'context', targetingKey: 'ann' });
  });

  it.each(['interceptor', 'none'] as const)(
    'answers a flag once a request under propagation %s',
    async (propagation) => {
      @Controller()
      class FlippingController {
        @FeatureFlag('new-checkout')
        @Get()
        async read(
          @FlagValue('new-checkout', false) first: boolean,
          @FlagDetails('new-checkout', false) second: EvaluationDetails<boolean>,
        ) {
          return [first, second.value];
        }
      }
      const asked: string[] = [];
      let on = false;
      const flipping = new TypedInMemoryProvider({});
      flipping.resolveBooleanEvaluation = async (key) => {
        asked.push(key);
        return { value: (on = !on), reason: 'STATIC' };
      };
      const { app } = await startShop({ provider: flipping, propagation }, adapter(), [FlippingController]);
      await request(app.getHttpServer()).get('/').expect(200, [true, true]);
      expect(asked).toHaveLength(1);
      await request(app.getHttpServer()).get('/').expect(404);
      await request(app.getHttpServer()).get('/').expect(200, [true, true]);
    },
  );

  it.each(['interceptor', 'none'] as const)(
    "lets a request's own attribute win over the static one, for guard and parameters too (%s)",
    async (propagation) => {
      const seen: unknown[] = [];
      const provider = new TypedInMemoryProvider({});
      provider.resolveBooleanEvaluation = async (_key, _default, context) => {
        seen.push({ ...context });
        return { value: true, reason: 'STATIC' };
      };
      @Controller()
      class PlanController {
        @FeatureFlag('guarded')
        @Get()
        read(@FlagValue('parameter', false) parameter: boolean) {
          return parameter;
        }
      }
      const { app } = await startShop(
        {
          provider,
          propagation,
          context: { plan: 'static', region: 'eu' },
          requestContext: { headers: { 'x-plan': 'plan' } },
        },
        adapter(),
        [PlanController],
      );
      await request(app.getHttpServer()).get('/').set('x-plan', 'pro').expect(200);
      const expected = { plan: 'pro', region: 'eu' };
      expect(seen).toEqual([expected, expected]);
    },
  );

  it('evaluates again for the user after a guard has evaluated without a user', async () => {
    @Injectable()
    class Authentication implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const req = context.switchToHttp().getRequest<{ user?: object; headers: Record<string, string> }>();
        req.user = { id: req.headers['x-user'] };
        return true;
      }
    }
    @Controller()
    class AccountController {
      constructor(private readonly flags: FlagService) {}

      // Nest runs the guards of the lower decorator first: here the flag is evaluated before the user is known.
      @UseGuards(Authentication)
      @FeatureFlag('for-ann', { equals: [true, false] })
      @Get('early')
      async early(@FlagValue('for-ann', false) parameter: boolean) {
        return [parameter, await this.flags.isEnabled('for-ann'), this.flags.context.targetingKey];
      }

      @FeatureFlag('for-ann')
      @UseGuards(Authentication)
      @Get('late')
      late() {
        return 'for ann';
      }
    }
    const { http } = await shop({}, adapter(), [AccountController]);
    await http.get('/early').set('x-user', 'ann').expect(200, [true, true, 'ann']);
    await http.get('/early').set('x-user', 'bob').expect(200, [false, false, 'bob']);
    await http.get('/late').set('x-user', 'ann').expect(200);
    await http.get('/late').set('x-user', 'bob').expect(404);
  });

  it('never gives one user the context of another', async () => {
    @Controller()
    class WhoController {
      constructor(
        private readonly flags: FlagService,
        @OpenFeatureClient() private readonly client: Client,
      ) {}

      @Get()
      async who(@Req() req: { headers: Record<string, string> }, @FlagValue('echo', '') parameter: string) {
        const before = await this.flags.getStringValue('echo', '');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
        const after = await this.client.getStringValue('echo', '');
        return [req.headers['x-user'], parameter, before, after, this.flags.context.targetingKey];
      }
    }
    const echo = new TypedInMemoryProvider({});
    echo.resolveStringEvaluation = async (_key, _default, context) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      return { value: context?.targetingKey ?? 'nobody', reason: 'STATIC' };
    };
    const { app } = await startShop({ provider: echo, requestContext: { userId: 'x-user' } }, adapter(), [
      WhoController,
    ]);
    const users = Array.from({ length: 200 }, (_unused, index) => `user-${index}`);
    const server = app.getHttpServer();
    const seen = await Promise.all(users.map((user) => request(server).get('/').set('x-user', user)));
    for (const [index, response] of seen.entries()) {
      expect(new Set(response.body as string[])).toEqual(new Set([users[index]]));
    }
  });

  it('starts, answers defaults and refuses while Flagship is absent', async () => {
    const { http, flags } = await shop(
      { baseUrl: `http://127.0.0.1:${await closedPort()}`, retries: 0, timeout: 500 },
      adapter(),
    );
    const { body } = await http.get('/home').expect(200);
    expect(body).toMatchObject({
      parameter: 'classic',
      details: { reason: 'ERROR', errorCode: 'GENERAL' },
      client: 'classic',
    });
    await http.get('/checkout/7').expect(404);
    expect(await flags.getNumberDetails('limit', 3)).toMatchObject({ value: 3, errorCode: 'GENERAL' });
  });

  it('answers a request although its context functions fail, and logs one warning for each', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    try {
      const { http } = await shop(
        {
          context: { region: 'eu' },
          requestContext: {
            userId: () => {
              throw new Error('no session');
            },
          },
          contextFactory: () => Promise.reject(new Error('no tenant')),
        },
        adapter(),
      );
      await http.get('/context').expect(200, { region: 'eu' });
      await http.get('/context').expect(200, { region: 'eu' });
      const told = warn.mock.calls.map(([line]) => String(line).split(';')[0]);
      expect(told).toEqual(['Option "requestContext.userId" failed', 'Option "contextFactory" failed']);
    } finally {
      warn.mockRestore();
    }
  });
});

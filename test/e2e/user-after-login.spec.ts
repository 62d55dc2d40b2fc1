import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  type NestMiddleware,
  Req,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import { type Observable } from 'rxjs';
import { adapters, useApp, type RunningApp } from '../fixtures/use-app';
import { subjectProvider } from '../fixtures/subject-provider';

interface UserRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  user?: { id: string; plan: string };
  /** Fastify's requests have Node's inside, which is the one that middleware of Nest gets. */
  readonly raw?: UserRequest;
}

/** The login of this test: the header says who it is, and where the login takes place. */
function logIn(incoming: UserRequest, place: string): void {
  const { 'x-login': id, 'x-place': where } = incoming.headers;
  if (id !== undefined && where === place) incoming.user = { id, plan: `plan of ${id}` };
}

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<UserRequest>();

@Injectable()
class LoginMiddleware implements NestMiddleware {
  use(incoming: UserRequest, _response: unknown, next: () => void): void {
    logIn(incoming, 'middleware');
    next();
  }
}

@Injectable()
class LoginGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    await new Promise(setImmediate);
    logIn(requestOf(context), 'guard');
    return true;
  }
}

@Injectable()
class LoginInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    logIn(requestOf(context), 'interceptor');
    return next.handle();
  }
}

@UseInterceptors(LoginInterceptor)
@Controller()
class JourneyController {
  constructor(
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  /** The gate opens for Ann alone, who has logged in before it. */
  @FeatureFlag('for-ann')
  @UseGuards(LoginGuard)
  @Get('gated')
  gated(@FlagValue('who', '') parameter: string) {
    return this.look(parameter);
  }

  /** The gate asks before the login; so do the parameters where the handler logs in. */
  @UseGuards(LoginGuard)
  @FeatureFlag('for-nobody')
  @Get('open')
  async open(@Req() incoming: UserRequest, @FlagValue('who', '') parameter: string) {
    const before = await this.flags.getStringValue('who', '');
    logIn(incoming, 'handler');
    return { before, ...(await this.look(parameter)) };
  }

  private async look(parameter: string) {
    const client = await this.client.getStringValue('who', '');
    return { parameter, service: await this.flags.getStringValue('who', ''), client };
  }
}

const apps = useApp();

const planOf = (context: ExecutionContext) => {
  const { user, raw } = requestOf(context);
  return { plan: (user ?? raw?.user)?.plan ?? 'none' };
};
const factories: [name: string, options: Partial<FlagshipModuleOptions>, plan: (id: string) => string][] = [
  ['without a context factory', {}, () => '-'],
  ['with a context factory', { contextFactory: planOf }, (id) => (id === '' ? 'none' : `plan of ${id}`)],
  [
    'with an asynchronous context factory',
    {
      contextFactory: (context) => {
        const attributes = planOf(context);
        return new Promise((resolve) => setImmediate(resolve, attributes));
      },
    },
    (id) => (id === '' ? 'none' : `plan of ${id}`),
  ],
];

describe.each(adapters)('on %s', (_name, adapter) => {
  describe.each(['interceptor', 'middleware', 'none'] as const)('under propagation %s', (propagation) => {
    describe.each(factories)('%s', (_factory, options, plan) => {
      async function start(): Promise<RunningApp> {
        return apps.start({
          imports: [
            FlagshipModule.forRoot({ provider: subjectProvider().provider, propagation, ...options }),
          ],
          controllers: [JourneyController],
          middleware: (consumer) => void consumer.apply(LoginMiddleware).forRoutes(JourneyController),
          adapter: adapter(),
        });
      }

      const ann = `ann ${plan('ann')}`;
      const nobody = `nobody ${plan('')}`;
      // Without a scope, services and clients know the module's own context.
      const inScope = (subject: string) => (propagation === 'none' ? 'nobody -' : subject);

      it('agrees on the user, wherever the login takes place', async () => {
        const { http } = await start();
        const visit = async (path: string, place: string, login: string) => {
          const { status, body } = await http.get(path).set('x-login', login).set('x-place', place);
          return status === 200 ? (body as unknown) : status;
        };
        for (const place of ['middleware', 'guard']) {
          const seen = [place, await visit('/gated', place, 'ann'), await visit('/gated', place, 'bob')];
          expect(seen).toEqual([place, { parameter: ann, service: inScope(ann), client: inScope(ann) }, 404]);
        }
        for (const place of ['guard', 'interceptor', 'handler']) {
          const asked = place === 'handler' ? nobody : ann;
          expect([place, await visit('/open', place, 'ann')]).toEqual([
            place,
            { before: inScope(asked), parameter: asked, service: inScope(ann), client: inScope(ann) },
          ]);
        }
      });

      it('keeps the users of parallel requests apart', async () => {
        const { http } = await start();
        const users = Array.from({ length: 30 }, (_unused, index) => `user-${index}`);
        const seen = await Promise.all(
          users.map(async (login) => {
            return (await http.get('/open').set('x-login', login).set('x-place', 'handler')).body as unknown;
          }),
        );
        expect(seen).toEqual(
          users.map((user) => {
            const after = inScope(`${user} ${plan(user)}`);
            return { before: inScope(nobody), parameter: nobody, service: after, client: after };
          }),
        );
      });
    });
  });
});

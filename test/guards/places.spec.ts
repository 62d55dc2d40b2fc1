import {
  applyDecorators,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpException,
  Injectable,
  type Provider,
  Scope,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { type EvaluationContext, TypedInMemoryProvider } from '@openfeature/server-sdk';
import * as fc from 'fast-check';
import {
  FeatureFlag,
  FeatureFlagGuard,
  type FlagRequirement,
  flagRequirementsOf,
  FlagshipModule,
  type FlagshipModuleOptions,
  RequestFlags,
} from 'nestjs-flagship';
import request from 'supertest';
import { adapters } from '../fixtures/shop-app';

/** Whom a flag is on for. */
const flags: Readonly<Record<string, (user: string | undefined) => boolean>> = {
  on: () => true,
  'for-ann': (user) => user === 'ann',
  'all-but-eve': (user) => user !== 'eve',
};

function provider(): TypedInMemoryProvider {
  const made = new TypedInMemoryProvider({});
  made.resolveBooleanEvaluation = (key, _default, context: EvaluationContext = {}) =>
    Promise.resolve({ value: flags[key]!(context.targetingKey), reason: 'STATIC' });
  return made;
}

@Injectable()
class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const shopRequest = context
      .switchToHttp()
      .getRequest<{ headers: Record<string, string>; user?: object }>();
    const id = shopRequest.headers['x-user'];
    if (id !== undefined) shopRequest.user = { id };
    return true;
  }
}

const handlerOf = (controller: Type): object => (controller.prototype as Record<string, object>).read!;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Setting {
  readonly controllers: Type[];
  readonly providers?: Provider[];
  readonly adapter?: (typeof adapters)[number][1];
  readonly options?: Partial<FlagshipModuleOptions>;
}

async function serve({ controllers, providers = [], adapter = adapters[0]![1], options }: Setting) {
  const testing = await Test.createTestingModule({
    imports: [FlagshipModule.forRoot({ provider: provider(), ...options })],
    controllers,
    providers,
  }).compile();
  const app = testing.createNestApplication(adapter());
  app.useLogger(['error', 'warn']);
  closing.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  const http = request(app.getHttpServer() as never);
  return async (user?: string): Promise<number> => {
    const asked = http.get('/');
    return (await (user === undefined ? asked : asked.set('x-user', user))).status;
  };
}

/** What stands at one place: a flag, or the guard that finds out who the user is. */
type Place = 'auth' | 'on' | 'for-ann' | 'all-but-eve';

/** Refuses with a status of its own, which says who has refused. */
const refusing = (status: number) => ({ otherwise: () => new HttpException('refused', status) });

/** Decorates as source code does: the last of the list is the lowest line, and is applied first. */
function decorate(places: readonly Place[], firstStatus: number): ClassDecorator & MethodDecorator {
  const decorators = places.map((place, index) =>
    place === 'auth' ? UseGuards(AuthGuard) : FeatureFlag(place, refusing(firstStatus + index)),
  );
  // Nest applies the first of these first.
  return applyDecorators(...decorators.reverse());
}

interface Arrangement {
  readonly base: readonly Place[];
  readonly controller: readonly Place[];
  readonly handler: readonly Place[];
}

/** What Nest's order of guards makes of an arrangement: base class, controller, handler, each from the bottom up. */
function expected({ base, controller, handler }: Arrangement, visitor: string | undefined): number {
  let user: string | undefined;
  const upwards = (places: readonly Place[], status: number) =>
    places.map((place, index) => ({ place, status: status + index })).reverse();
  for (const { place, status } of [
    ...upwards(base, 410),
    ...upwards(controller, 420),
    ...upwards(handler, 430),
  ]) {
    if (place === 'auth') user = visitor;
    else if (!flags[place]!(user)) return status;
  }
  return 200;
}

function controllerOf({ base, controller, handler }: Arrangement, scope = Scope.DEFAULT): Type {
  @decorate(base, 410)
  class Base {
    @decorate(handler, 430)
    @Get()
    read() {
      return 'passed';
    }
  }
  @decorate(controller, 420)
  @Controller({ path: '', scope })
  class Arranged extends Base {}
  return Arranged;
}

const visitors = [undefined, 'ann', 'eve'] as const;

describe.each(adapters)('a guard judges where its decorator stands, on %s', (_, adapter) => {
  const ask = async (arrangement: Arrangement, setting: Partial<Setting> = {}) => {
    const visit = await serve({ controllers: [controllerOf(arrangement)], adapter, ...setting });
    const got: number[] = [];
    for (const visitor of visitors) got.push(await visit(visitor));
    return got;
  };
  const wanted = (arrangement: Arrangement) => visitors.map((visitor) => expected(arrangement, visitor));

  it.each<[string, Arrangement]>([
    [
      'a flag for few on the handler, below a controller’s',
      { base: [], controller: ['on'], handler: ['for-ann', 'auth'] },
    ],
    [
      'two flags around a guard on one handler',
      { base: [], controller: [], handler: ['all-but-eve', 'auth', 'on'] },
    ],
    ['a subclass of a decorated class', { base: ['on'], controller: ['all-but-eve', 'auth'], handler: [] }],
    ['a flag before the user is known', { base: [], controller: [], handler: ['auth', 'for-ann'] }],
    ['the same flag twice', { base: ['all-but-eve'], controller: ['auth'], handler: ['all-but-eve'] }],
  ])('%s', async (_name, arrangement) => {
    expect(await ask(arrangement)).toEqual(wanted(arrangement));
  });

  it('in every order', async () => {
    const places = fc.array(fc.constantFrom<Place>('auth', 'on', 'for-ann', 'all-but-eve'), { maxLength: 3 });
    const propagation = fc.constantFrom('none' as const, 'interceptor' as const, 'middleware' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.record({ base: places, controller: places, handler: places }),
        propagation,
        async (arrangement, how) => {
          expect(await ask(arrangement, { options: { propagation: how } })).toEqual(wanted(arrangement));
          await closing.pop()!();
        },
      ),
      { numRuns: 25 },
    );
  });

  it('in a controller that is made for each request', async () => {
    const arrangement: Arrangement = {
      base: ['on'],
      controller: ['all-but-eve', 'auth'],
      handler: ['for-ann'],
    };
    const controllers = [controllerOf(arrangement, Scope.REQUEST)];
    expect(await ask(arrangement, { controllers })).toEqual(wanted(arrangement));
  });
});

describe('inheritance', () => {
  it('leaves an overridden handler without the guards of what it overrides', async () => {
    class Base {
      @FeatureFlag('for-ann')
      @Get()
      read() {
        return 'passed';
      }
    }
    @FeatureFlag('all-but-eve')
    @UseGuards(AuthGuard)
    @Controller()
    class Overriding extends Base {
      @Get()
      override read() {
        return 'overridden';
      }
    }
    const visit = await serve({ controllers: [Overriding] });
    expect([await visit(), await visit('ann'), await visit('eve')]).toEqual([200, 200, 404]);
    expect(flagRequirementsOf(Overriding, handlerOf(Overriding))).toMatchObject([{ keys: ['all-but-eve'] }]);
  });

  it('does not reach from a subclass back to its base or to its sibling', async () => {
    @UseGuards(AuthGuard)
    @Controller('base')
    class Base {}
    @FeatureFlag('for-ann')
    @Controller()
    class Guarded extends Base {
      @Get('guarded')
      read() {
        return 'passed';
      }
    }
    @Controller()
    class Open extends Base {
      @Get()
      read() {
        return 'passed';
      }
    }
    const visit = await serve({ controllers: [Guarded, Open] });
    expect(await visit('eve')).toBe(200);
    expect(flagRequirementsOf(Base, Open)).toEqual([]);
    expect(flagRequirementsOf(Guarded)).toHaveLength(1);
  });

  it('works with controllers that a function makes', async () => {
    const gated = (flag: string, path: string): Type => {
      @FeatureFlag(flag)
      @UseGuards(AuthGuard)
      @Controller(path)
      class Mixin {
        @Get()
        read() {
          return 'passed';
        }
      }
      return Mixin;
    };
    @FeatureFlag('all-but-eve')
    @Controller()
    class Both extends gated('on', 'made') {}
    const visit = await serve({ controllers: [gated('for-ann', 'few'), Both] });
    expect([await visit('ann'), await visit('eve')]).toEqual([200, 404]);
  });
});

describe('FeatureFlag.KEY and flagRequirementsOf', () => {
  it('list everything, in the order of judging', () => {
    @FeatureFlag('second')
    @UseGuards(AuthGuard)
    @FeatureFlag('first')
    class Base {
      @FeatureFlag('sixth')
      @UseGuards(AuthGuard)
      @FeatureFlag('fifth')
      read() {
        return 'passed';
      }
    }
    @FeatureFlag('fourth')
    @FeatureFlag('third')
    class Sub extends Base {}
    class Undecorated extends Sub {}
    const keys = (requirements: readonly FlagRequirement[]) => requirements.flatMap(({ keys: own }) => own);
    const all = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];
    const read = handlerOf(Sub);
    expect(keys(flagRequirementsOf(Sub, read))).toEqual(all);
    expect(keys(flagRequirementsOf(Undecorated, read))).toEqual(all);
    expect(keys(flagRequirementsOf(Base))).toEqual(['first', 'second']);
    expect(keys(Reflect.getMetadata(FeatureFlag.KEY, Sub) as never)).toEqual(all.slice(0, 4));
  });
});

describe('a guard of the application’s own as APP_GUARD', () => {
  /** Leaves a trace of what it judges, and refuses in its own way. */
  @Injectable()
  class OwnGuard extends FeatureFlagGuard {
    static readonly judged: string[][] = [];

    protected override async isMet(
      requirement: FlagRequirement,
      context: ExecutionContext,
    ): Promise<boolean> {
      OwnGuard.judged.push([...requirement.keys]);
      return super.isMet(requirement, context);
    }

    protected override isBypassed(
      _requirement: FlagRequirement,
      context: ExecutionContext,
    ): Promise<boolean> {
      const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
      return Promise.resolve(headers['x-user'] === 'staff');
    }

    protected override refusal({ keys }: FlagRequirement): Error {
      return new HttpException(`refused by ${keys.join()}`, 451);
    }
  }
  beforeEach(() => OwnGuard.judged.splice(0));

  @FeatureFlag('on')
  @Controller()
  class OwnController {
    @FeatureFlag('all-but-eve')
    @UseGuards(AuthGuard)
    @FeatureFlag('on', { otherwise: () => new HttpException('never', 499) })
    @Get()
    read() {
      return 'passed';
    }
  }

  it.each([[[AuthGuard, OwnGuard]], [[OwnGuard, AuthGuard]]])(
    'judges everything at its place, and the decorators judge at theirs',
    async (order) => {
      const providers = order.map((useClass) => ({ provide: APP_GUARD, useClass }));
      const visit = await serve({ controllers: [OwnController], providers });
      expect([await visit(), await visit('ann')]).toEqual([200, 200]);
      expect(OwnGuard.judged.slice(0, 3)).toEqual([['on'], ['on'], ['all-but-eve']]);
      // Whoever comes before the user is known cannot know who is banned; the decorator below the login does.
      expect(await visit('eve')).toBe(order[0] === AuthGuard ? 451 : 404);
    },
  );

  it('asks its own isBypassed, also where the decorator names no bypass', async () => {
    const visit = await serve({
      controllers: [OwnController],
      providers: [{ provide: APP_GUARD, useClass: OwnGuard }],
    });
    expect(await visit('staff')).toBe(200);
    expect(OwnGuard.judged).toEqual([]);
  });

  it('may need more than the built-in guard', async () => {
    @Injectable()
    class Words {
      refusal(): string {
        return 'No.';
      }
    }
    @Injectable()
    class WordyGuard extends FeatureFlagGuard {
      constructor(
        reflector: Reflector,
        requestFlags: RequestFlags,
        private readonly words: Words,
      ) {
        super(reflector, requestFlags);
      }

      protected override refusal(): Error {
        return new HttpException(this.words.refusal(), 452);
      }
    }
    const visit = await serve({
      controllers: [OwnController],
      providers: [
        AuthGuard,
        Words,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_GUARD, useClass: WordyGuard },
      ],
    });
    expect([await visit('ann'), await visit('eve')]).toEqual([200, 452]);
  });
});

describe('overrideGuard(FeatureFlagGuard)', () => {
  @Controller()
  class ClosedController {
    @FeatureFlag('for-ann')
    @FeatureFlag('none')
    @Get()
    read() {
      return 'passed';
    }
  }

  it('opens every gate in a test, even without a FlagshipModule', async () => {
    const testing = await Test.createTestingModule({ controllers: [ClosedController] })
      .overrideGuard(FeatureFlagGuard)
      .useValue({ canActivate: () => true })
      .compile();
    const app = testing.createNestApplication();
    closing.push(() => app.close());
    await app.init();
    await request(app.getHttpServer() as never)
      .get('/')
      .expect(200, 'passed');
  });

  it('with a subclass judges requirement by requirement, at their places', async () => {
    class Counting extends FeatureFlagGuard {
      static readonly asked: number[] = [];
      protected override requirementsOf(context: ExecutionContext): readonly FlagRequirement[] {
        const requirements = super.requirementsOf(context);
        Counting.asked.push(requirements.length);
        return requirements;
      }
      protected override isMet(): Promise<boolean> {
        return Promise.resolve(true);
      }
    }
    const testing = await Test.createTestingModule({
      imports: [FlagshipModule.forRoot({ provider: provider() })],
      controllers: [ClosedController],
    })
      .overrideGuard(FeatureFlagGuard)
      .useClass(Counting)
      .compile();
    const app = testing.createNestApplication();
    closing.push(() => app.close());
    await app.init();
    await request(app.getHttpServer() as never)
      .get('/')
      .expect(200);
    expect(Counting.asked).toEqual([1, 1]);
  });
});

it('is no decorator for what is neither a class nor a method', () => {
  class Odd {
    get value(): object {
      return {};
    }
  }
  const getter = Object.getOwnPropertyDescriptor(Odd.prototype, 'value')!;
  expect(() => FeatureFlag('on')(Odd.prototype, 'value', getter)).toThrow('is for classes and methods');
  expect(() => (FeatureFlag('on') as PropertyDecorator)(Odd.prototype, 'handler')).toThrow('"handler"');
});

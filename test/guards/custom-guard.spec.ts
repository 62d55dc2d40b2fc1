import { Controller, type ExecutionContext, Get, HttpException, Injectable, UseGuards } from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import {
  FeatureFlag,
  FeatureFlagGuard,
  type FlagRequirement,
  FlagshipModule,
  RequestFlags,
} from 'nestjs-flagship';
import { audienceProvider, AuthGuard, useGuardedApp } from '../fixtures/guarded-app';
import { useApp } from '../fixtures/use-app';

const apps = useApp();
const serve = useGuardedApp();

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
      const { visit } = await serve({ controllers: [OwnController], providers });
      expect([await visit(), await visit('ann')]).toEqual([200, 200]);
      expect(OwnGuard.judged.slice(0, 3)).toEqual([['on'], ['on'], ['all-but-eve']]);
      // A guard that runs before the login does not know the user; the decorator below the login does.
      expect(await visit('eve')).toBe(order[0] === AuthGuard ? 451 : 404);
    },
  );

  it('asks its own isBypassed, also where the decorator names no bypass', async () => {
    const { visit } = await serve({
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
    const { visit } = await serve({
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

describe('a subclass with a dependency of its own', () => {
  /** A service of the application that the built-in guard does not know. */
  @Injectable()
  class Memberships {
    readonly checked: string[] = [];

    isStaff(user: string | undefined): boolean {
      this.checked.push(user ?? 'anonymous');
      return user === 'staff';
    }

    refusalFor(keys: readonly string[]): Error {
      return new HttpException(`members only: ${keys.join()}`, 452);
    }
  }

  /** Lets staff pass and refuses with the words of its service; overrides two small protected methods. */
  @Injectable()
  class MembersGuard extends FeatureFlagGuard {
    constructor(
      reflector: Reflector,
      requestFlags: RequestFlags,
      private readonly memberships: Memberships,
    ) {
      super(reflector, requestFlags);
    }

    protected override isBypassed(
      _requirement: FlagRequirement,
      context: ExecutionContext,
    ): Promise<boolean> {
      const { user } = context.switchToHttp().getRequest<{ user?: { id: string } }>();
      return Promise.resolve(this.memberships.isStaff(user?.id));
    }

    protected override refusal({ keys }: FlagRequirement): Error {
      return this.memberships.refusalFor(keys);
    }
  }

  @Controller()
  class MembersController {
    @FeatureFlag('for-ann')
    @Get()
    read() {
      return 'passed';
    }
  }

  it('is injected as APP_GUARD', async () => {
    const { visit } = await serve({
      controllers: [MembersController],
      providers: [
        Memberships,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_GUARD, useClass: MembersGuard },
      ],
    });
    // The decorator checks as well, after the global guards, and knows no staff.
    expect([await visit('ann'), await visit('eve'), await visit('staff')]).toEqual([200, 452, 404]);
  });

  it('is injected where @UseGuards names it, beside what FlagshipModule exports', async () => {
    @UseGuards(AuthGuard, MembersGuard)
    @Controller()
    class GuardedController extends MembersController {}
    const { visit } = await serve({ controllers: [GuardedController], providers: [Memberships] });
    expect([await visit('ann'), await visit('eve'), await visit()]).toEqual([200, 452, 452]);
  });

  it('is injected by overrideGuard, and then checks in the place of every decorator', async () => {
    const { app, http } = await apps.start({
      imports: [FlagshipModule.forRoot({ provider: audienceProvider() })],
      controllers: [MembersController],
      providers: [Memberships, { provide: APP_GUARD, useClass: AuthGuard }],
      override: (builder) => builder.overrideGuard(FeatureFlagGuard).useClass(MembersGuard),
    });
    const visit = async (user: string): Promise<number> => {
      const response = await http.get('/').set('x-user', user);
      return response.status;
    };
    expect([await visit('ann'), await visit('eve'), await visit('staff')]).toEqual([200, 452, 200]);
    expect(app.get(Memberships).checked).toEqual(['ann', 'eve', 'staff']);
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
    const { http } = await apps.start({
      controllers: [ClosedController],
      override: (builder) => builder.overrideGuard(FeatureFlagGuard).useValue({ canActivate: () => true }),
    });
    await http.get('/').expect(200, 'passed');
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
    const { http } = await apps.start({
      imports: [FlagshipModule.forRoot({ provider: audienceProvider() })],
      controllers: [ClosedController],
      override: (builder) => builder.overrideGuard(FeatureFlagGuard).useClass(Counting),
    });
    await http.get('/').expect(200);
    expect(Counting.asked).toEqual([1, 1]);
  });
});

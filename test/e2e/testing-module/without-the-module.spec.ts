import {
  type CanActivate,
  Controller,
  Get,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type Type,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  FeatureFlag,
  FeatureFlagGuard,
  FlagDetails,
  FlagService,
  FlagshipContextInterceptor,
  FlagshipContextMiddleware,
  FlagValue,
  getFlagsToken,
  InjectFlags,
  RequestFlags,
  WithFlagContext,
} from 'nestjs-flagship';
import { FlagshipHealthIndicator } from 'nestjs-flagship/terminus';
import { useLog } from '../../fixtures/captured-log';
import { useApp } from '../../fixtures/use-app';

const apps = useApp();
const lines = useLog();

const IMPORT = /Import FlagshipModule\.forRoot\(…\) in your root module/;

/** Fails to start an application with this controller and without the module; resolves with the message. */
async function refusalOf(...controllers: Type[]): Promise<string> {
  return apps.start({ controllers, providers: [] }).then(
    () => 'was started',
    (error: unknown) => String(error),
  );
}

describe('in an application without FlagshipModule', () => {
  @Controller()
  class Guarded {
    @FeatureFlag('new-checkout')
    @Get()
    get(): string {
      return 'open';
    }
  }
  @FeatureFlag('new-checkout')
  @Controller()
  class GuardedAsAWhole {
    @Get()
    get(): string {
      return 'open';
    }
  }
  @FeatureFlag('new-checkout', { domain: 'billing' })
  @Controller()
  class GuardedOfADomain {}
  @UseGuards(FeatureFlagGuard)
  @Controller()
  class WithTheGuard {}
  @Injectable()
  class OwnGuard extends FeatureFlagGuard {}
  @Injectable()
  class GuardWithMore extends FeatureFlagGuard {
    constructor(
      reflector: Reflector,
      flags: RequestFlags,
      readonly more: Reflector,
    ) {
      super(reflector, flags);
    }
  }
  @UseGuards(OwnGuard)
  @Controller()
  class WithAnOwnGuard {}
  @UseGuards(GuardWithMore)
  @Controller()
  class WithAGuardThatInjectsMore {}
  @Controller()
  class WithValue {
    @Get()
    get(@FlagValue('home-page', 'classic') page: string): string {
      return page;
    }
  }
  @Controller()
  class WithDetails {
    @Get()
    get(@FlagDetails('home-page', 'classic', { domain: 'billing' }) page: unknown): unknown {
      return page;
    }
  }
  @UseInterceptors(FlagshipContextInterceptor)
  @Controller()
  class Intercepted {}

  const parts = {
    '@FeatureFlag on a handler': [Guarded, '@FeatureFlag needs FlagshipModule'],
    '@FeatureFlag on a controller': [GuardedAsAWhole, '@FeatureFlag needs FlagshipModule'],
    '@FeatureFlag with a domain': [GuardedOfADomain, '@FeatureFlag needs FlagshipModule'],
    'the guard itself': [WithTheGuard, '@FeatureFlag needs FlagshipModule'],
    'a guard that extends it': [WithAnOwnGuard, '@FeatureFlag needs FlagshipModule'],
    'a guard that injects more': [WithAGuardThatInjectsMore, '@FeatureFlag needs FlagshipModule'],
    '@FlagValue': [WithValue, '@FlagValue or @FlagDetails of "home-page" needs FlagshipModule'],
    '@FlagDetails': [WithDetails, '@FlagValue or @FlagDetails of "home-page" needs FlagshipModule'],
    'the interceptor': [Intercepted, 'FlagshipContextInterceptor needs FlagshipModule'],
  } as const;
  it.each(Object.entries(parts))(
    '%s stops the start with what to import',
    async (_, [controller, problem]) => {
      const message = await refusalOf(controller);
      expect(message).toContain(problem);
      expect(message).toMatch(IMPORT);
      expect(message).toContain('FlagshipTestingModule.forRoot(…) in a test');
      expect(message).not.toMatch(/RequestFlags|ApplicationScopes|Pipe|resolve dependencies/);
    },
  );

  it('the middleware stops the start with what to import', async () => {
    const start = apps.start({
      middleware: (consumer: MiddlewareConsumer) =>
        consumer.apply(FlagshipContextMiddleware).forRoutes('*path'),
    });
    await expect(start).rejects.toThrow(/FlagshipContextMiddleware needs FlagshipModule/);
    await expect(start).rejects.toThrow(IMPORT);
  });

  it('the health indicator is down with what to import', async () => {
    const testing = await apps.compile({ providers: [FlagshipHealthIndicator] });
    const { flagship } = await testing.get(FlagshipHealthIndicator).check('flagship');
    expect(flagship).toEqual({ status: 'down', message: expect.stringMatching(IMPORT) as string });
    expect(flagship).toMatchObject({ message: expect.stringContaining('FlagshipHealthIndicator') as string });
  });

  it('FlagService is missing by its name, and that of a domain with the module to import', async () => {
    @Injectable()
    class Service {
      constructor(readonly flags: FlagService) {}
    }
    @Injectable()
    class Billing {
      constructor(@InjectFlags('billing') readonly flags: FlagService) {}
    }
    await expect(apps.compile({ providers: [Service] })).rejects.toThrow(/Service \(\?\).*FlagService/);
    await expect(apps.compile({ providers: [Billing] })).rejects.toThrow(
      /FlagshipModule\.forRoot\(\{ domain: 'billing', … \}\) in your root module/,
    );
    const testing = await apps.compile({});
    expect(() => testing.get(FlagService)).toThrow(/FlagService/);
    expect(() => testing.get(getFlagsToken('billing'))).toThrow(/FlagshipModule\.forRoot/);
  });

  it('a guarded controller can be tested without it once its guard is replaced', async () => {
    const pass: CanActivate = { canActivate: () => true };
    const { http } = await apps.start({
      controllers: [GuardedAsAWhole],
      override: (builder) => builder.overrideGuard(FeatureFlagGuard).useValue(pass),
    });
    await http.get('/').expect(200, 'open');
  });
});

describe('@WithFlagContext without FlagshipModule', () => {
  @Injectable()
  class Jobs {
    @WithFlagContext((user: string) => ({ targetingKey: user }))
    run(user: string): string {
      return `ran for ${user}`;
    }
    @WithFlagContext(async () => ({ targetingKey: await Promise.resolve('ann') }), { domain: 'billing' })
    later(): Promise<string> {
      return Promise.resolve('ran');
    }
    @WithFlagContext()
    async *each(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
    }
    @WithFlagContext()
    fails(): never {
      throw new RangeError('of the job');
    }
  }

  const instances: readonly (readonly [string, () => Jobs | Promise<Jobs>])[] = [
    ['created with new', () => new Jobs()],
    [
      'created by Nest',
      async () => (await Test.createTestingModule({ providers: [Jobs] }).compile()).get(Jobs),
    ],
    [
      'created by NestFactory',
      async () => {
        @Module({ providers: [Jobs] })
        class JobsModule {}
        return (await apps.startContext({ imports: [JobsModule] })).get(Jobs);
      },
    ],
  ];
  it.each(instances)('runs the methods of an instance %s, and logs nothing', async (_, create) => {
    const jobs = await create();
    expect(jobs.run('ann')).toBe('ran for ann');
    expect(await jobs.later()).toBe('ran');
    expect((await jobs.each().next()).value).toBe(1);
    expect(() => jobs.fails()).toThrow(RangeError);
    expect(lines).toEqual([]);
  });
});

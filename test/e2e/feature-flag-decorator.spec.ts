import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  HttpException,
  Logger,
  Post,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost, Reflector } from '@nestjs/core';
import { TypedInMemoryProvider, OpenFeature } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  type FeatureFlagOptions,
  FlagRedirectException,
  type FlagRequirement,
  flagRequirementsOf,
  FlagshipModule,
} from 'nestjs-flagship';
import { adapters, type HttpAdapter, useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';
import { captureLog } from '../fixtures/captured-log';

const disabled = (value: unknown) => ({
  enabled: false,
  default_variation: 'a',
  variations: { a: value },
  rules: [],
});
const definitions = {
  flags: { on: true, 'on-too': true, off: false, 'off-too': false, plan: 'free', disabled: disabled(true) },
} as never;

const apps = useApp();
const cleanUp = useCleanup();
afterEach(() => {
  jest.restoreAllMocks();
});

async function listen(controllers: Type[], adapter?: HttpAdapter, providers: object[] = []) {
  const { http } = await apps.start({
    imports: [FlagshipModule.forRoot({ definitions })],
    controllers,
    providers: providers as never[],
    adapter,
  });
  return http;
}

/** Answers 200 when the gate lets a request pass. */
async function gate(keys: string | string[], options?: FeatureFlagOptions): Promise<number> {
  @Controller()
  class GatedController {
    @FeatureFlag(keys, options)
    @Get()
    read() {
      return 'passed';
    }
  }
  const lines = captureLog();
  const http = await listen([GatedController]);
  const unknown = 'warn The code names flags that Flagship does not have: "none".';
  expect(lines).toEqual([keys].flat().includes('none') ? [unknown] : []);
  return (await http.get('/')).status;
}

describe('several flags', () => {
  it.each([
    [['on', 'on-too'], undefined, 200],
    [['on', 'off'], undefined, 404],
    [['on', 'off'], 'all', 404],
    [['on', 'off'], 'any', 200],
    [['off', 'off-too'], 'any', 404],
    [['on', 'none'], 'any', 200],
    [['off', 'none'], 'any', 404],
    [['on', 'none'], 'all', 404],
    [['on'], 'any', 200],
  ] as const)('%j, match %s: %i', async (keys, match, status) => {
    expect(await gate([...keys], { match })).toBe(status);
  });
});

describe('not', () => {
  it.each<[string | string[], FeatureFlagOptions, number]>([
    ['off', {}, 200],
    ['on', {}, 404],
    // Without an answer no request passes, unless the default decides.
    ['none', {}, 404],
    ['none', { defaultValue: false }, 200],
    ['none', { defaultValue: true }, 404],
    // Switched off counts as no answer.
    ['disabled', {}, 404],
    ['disabled', { defaultValue: false }, 200],
    ['plan', { equals: ['pro', 'team'] }, 200],
    ['plan', { equals: ['free'] }, 404],
    [['on', 'off'], {}, 200],
    [['on', 'on-too'], {}, 404],
    [['on', 'off'], { match: 'any' }, 404],
    [['off', 'off-too'], { match: 'any' }, 200],
    // The answers there are decide where they can.
    [['off', 'none'], {}, 200],
    [['on', 'none'], {}, 404],
    [['on', 'none'], { match: 'any' }, 404],
    [['off', 'none'], { match: 'any' }, 404],
  ])('%j %j: %i', async (keys, options, status) => {
    expect(await gate(keys, { not: true, ...options })).toBe(status);
  });
});

describe('bypass', () => {
  const isStaff = (context: ExecutionContext) =>
    context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-staff'] === 'yes';

  it.each([isStaff, async (context: ExecutionContext) => isStaff(context)])(
    'lets pass without asking the flag',
    async (bypass) => {
      @Controller()
      class StaffController {
        @FeatureFlag('off', { bypass })
        @Get()
        read() {
          return 'passed';
        }
      }
      const asked: string[] = [];
      OpenFeature.addHooks({ before: ({ flagKey }) => void asked.push(flagKey) });
      cleanUp(async () => OpenFeature.clearHooks());
      const http = await listen([StaffController]);
      await http.get('/').expect(404);
      expect(asked).toEqual(['off']);
      await http.get('/').set('x-staff', 'yes').expect(200);
      expect(asked).toEqual(['off']);
    },
  );

  it('of one requirement does not bypass another', async () => {
    @FeatureFlag('off', { otherwise: ForbiddenException })
    @Controller()
    class StaffController {
      @FeatureFlag('off-too', { bypass: () => true })
      @Get()
      read() {
        return 'passed';
      }
    }
    const http = await listen([StaffController]);
    await http.get('/').expect(403);
  });

  it.each<[string, () => never | Promise<never>]>([
    [
      'throws',
      () => {
        throw new Error('no session');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no session'))],
  ])('that %s lets no request pass, and logs one warning', async (_, bypass) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    cleanUp(async () => warn.mockRestore());
    @Controller()
    class BrokenController {
      @FeatureFlag('off', { bypass })
      @Get('off')
      off() {
        return 'passed';
      }

      @FeatureFlag('on', { bypass })
      @Get('on')
      on() {
        return 'passed';
      }
    }
    const http = await listen([BrokenController]);
    await http.get('/off').expect(404);
    await http.get('/off').expect(404);
    await http.get('/on').expect(200);
    expect(warn.mock.calls.map(([text]) => String(text))).toEqual([
      expect.stringContaining(`@FeatureFlag('off') failed; it lets no request pass. no session`),
      expect.stringContaining(`@FeatureFlag('on') failed`),
    ]);
  });

  it('that returns anything but true does not bypass', async () => {
    expect(await gate('off', { bypass: () => ({ id: 'ann' }) as never })).toBe(404);
  });
});

describe.each(adapters)('a redirect on %s', (_, adapter) => {
  @Controller()
  class CheckoutController {
    static readonly ran: string[] = [];

    @FeatureFlag('off', { otherwise: { redirect: '/old-checkout?from=new' } })
    @Get('checkout')
    checkout() {
      CheckoutController.ran.push('checkout');
      return 'new';
    }

    @FeatureFlag('off', {
      otherwise: {
        redirect: (context) => `/alt${context.switchToHttp().getRequest<{ url: string }>().url}`,
        statusCode: 307,
      },
    })
    @Post('orders/:id')
    order() {
      return 'new';
    }

    @FeatureFlag('off', { otherwise: { redirect: () => undefined } })
    @Get('nowhere')
    nowhere() {
      return 'new';
    }

    @FeatureFlag('off', { otherwise: { redirect: '/bücher\r\nx-evil: 1' } })
    @Get('odd')
    odd() {
      return 'new';
    }

    @FeatureFlag('on', { otherwise: { redirect: '/old-checkout' } })
    @Get('open')
    open() {
      return 'open';
    }

    @FeatureFlag('off', { otherwise: () => new FlagRedirectException('https://example.com/', 303) })
    @Get('by-exception')
    byException() {
      return 'new';
    }
  }

  it('answers once, with the target, and logs nothing', async () => {
    const logged = (['error', 'warn'] as const).map((level) =>
      jest.spyOn(Logger.prototype, level).mockImplementation(),
    );
    cleanUp(async () => logged.forEach((spy) => spy.mockRestore()));
    const http = await listen([CheckoutController], adapter());
    await http.get('/checkout').expect(302).expect('location', '/old-checkout?from=new');
    await http.head('/checkout').expect(302).expect('location', '/old-checkout?from=new');
    await http.post('/orders/7?a=b').expect(307).expect('location', '/alt/orders/7?a=b');
    await http.get('/by-exception').expect(303).expect('location', 'https://example.com/');
    await http.get('/open').expect(200, 'open');
    expect(CheckoutController.ran).toEqual([]);
    for (const spy of logged) expect(spy).not.toHaveBeenCalled();
  });

  it('without a target is the default refusal', async () => {
    const http = await listen([CheckoutController], adapter());
    const { body, headers } = await http.get('/nowhere').expect(404);
    expect(body).toMatchObject({ message: 'Cannot GET /nowhere' });
    expect(headers).not.toHaveProperty('location');
  });

  it('writes no line break into the headers', async () => {
    const http = await listen([CheckoutController], adapter());
    const { headers } = await http.get('/odd').expect(302);
    expect(headers.location).toBe('/b%C3%BCcher%0D%0Ax-evil:%201');
    expect(headers).not.toHaveProperty('x-evil');
  });

  it('passes through a filter for all exceptions', async () => {
    @Catch()
    class AllExceptions implements ExceptionFilter {
      constructor(private readonly host: HttpAdapterHost) {}
      catch(error: unknown, host: ArgumentsHost): void {
        const status = error instanceof HttpException ? error.getStatus() : 500;
        this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { failed: status }, status);
      }
    }
    const http = await listen([CheckoutController], adapter(), [
      {
        provide: APP_FILTER,
        inject: [HttpAdapterHost],
        useFactory: (host: never) => new AllExceptions(host),
      },
    ]);
    await http.get('/checkout').expect(302, { failed: 302 }).expect('location', '/old-checkout?from=new');
  });
});

describe('requirements', () => {
  @FeatureFlag('shop')
  @Controller()
  class ReadController {
    @FeatureFlag(['charts', 'export'], { match: 'any', not: true })
    @FeatureFlag('plan', { equals: 'pro' })
    @Get()
    read() {
      return 'passed';
    }

    @Get('free')
    free() {
      return 'passed';
    }
  }
  const handler = (name: 'read' | 'free') =>
    Object.getOwnPropertyDescriptor(ReadController.prototype, name)!.value as () => unknown;
  const read = handler('read');

  it('are read through Nest’s Reflector', () => {
    const reflector = new Reflector();
    const onClass = reflector.get<readonly FlagRequirement[]>(FeatureFlag.KEY, ReadController);
    expect(onClass.map(({ keys }) => keys)).toEqual([['shop']]);
    const merged = reflector.getAllAndMerge<FlagRequirement[]>(FeatureFlag.KEY, [ReadController, read]);
    expect(merged.map(({ keys }) => keys)).toEqual([['shop'], ['plan'], ['charts', 'export']]);
  });

  it('are read by flagRequirementsOf', () => {
    expect(flagRequirementsOf(ReadController, read)).toMatchObject([
      { keys: ['shop'], type: 'boolean', accepted: [true], match: 'all', not: false },
      { keys: ['plan'], type: 'string', accepted: ['pro'] },
      { keys: ['charts', 'export'], match: 'any', not: true },
    ]);
    expect(flagRequirementsOf(handler('free'))).toEqual([]);
  });

  it('of class and handler hold together', async () => {
    @FeatureFlag('off', { not: true })
    @Controller()
    class BothController {
      @FeatureFlag(['on', 'off'], { match: 'any' })
      @Get('both')
      both() {
        return 'passed';
      }

      @FeatureFlag('on', { not: true })
      @Get('neither')
      neither() {
        return 'passed';
      }
    }
    const http = await listen([BothController]);
    await http.get('/both').expect(200);
    await http.get('/neither').expect(404);
  });
});

describe('invalid arguments', () => {
  it.each<[unknown, object | null | undefined, string]>([
    [[], undefined, "needs a flag's key or a list of keys"],
    [['a', ''], undefined, "needs a flag's key or a list of keys"],
    ['a', { equal: 1 }, `@FeatureFlag('a') has no option "equal". Known: equals, match,`],
    ['a', { match: 'some' }, `@FeatureFlag('a') needs "all", "any" as "match", but was given "some".`],
    ['a', { not: 'yes' }, `@FeatureFlag('a') needs true or false as "not", but was given "yes".`],
    ['a', { bypass: true }, `@FeatureFlag('a') needs a function as "bypass", but was given true.`],
    ['a', { otherwise: '/old' }, `"otherwise", but was given "/old"`],
    ['a', { otherwise: { redirect: '' } }, 'a function that makes one, or { redirect, statusCode:'],
    ['a', { otherwise: { redirect: '/', statusCode: 200 } }, '301 or 302 or 303 or 307 or 308'],
    ['a', { otherwise: { redirect: '/', status: 301 } }, '"otherwise"'],
    ['a', { equals: () => true }, 'a JSON value as "equals"'],
    ['a', null, 'needs an object of options'],
  ])('stop a class from being defined: %j %j', (keys, options, message) => {
    expect(() => FeatureFlag(keys as string, options as never)).toThrow(message);
  });
});

it('works with any provider', async () => {
  @Controller()
  class OldController {
    @FeatureFlag('old', { not: true })
    @Get()
    read() {
      return 'passed';
    }
  }
  const provider = new TypedInMemoryProvider({
    old: { disabled: false, variants: { on: true, off: false }, defaultVariant: 'off' },
  });
  const { http } = await apps.start({
    imports: [FlagshipModule.forRoot({ provider })],
    controllers: [OldController],
  });
  await http.get('/').expect(200);
});

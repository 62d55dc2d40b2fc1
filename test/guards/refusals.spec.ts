import {
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  HttpException,
  ImATeapotException,
  type Type,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { RpcException } from '@nestjs/microservices';
import { WsException } from '@nestjs/websockets';
import { FeatureFlag, FeatureFlagGuard, type FeatureFlagOptions, FlagshipModule } from 'nestjs-flagship';
import { useLog } from '../fixtures/captured-log';
import { adapters, useApp } from '../fixtures/use-app';

const apps = useApp();
const log = useLog();
/** What the package has reported: Nest has its own lines. */
const problems = () => log.filter((line) => line.startsWith('warn The "'));

const definitions = {
  flags: {
    on: true,
    off: false,
    nothing: { enabled: false, default_variation: 'a', variations: { a: {} }, rules: [] },
  },
} as never;

async function serve(controllers: Type[], adapter = adapters[0]![1]) {
  const imports = [FlagshipModule.forRoot({ definitions })];
  return (await apps.start({ imports, controllers, adapter: adapter() })).http;
}

function gated(key: string, options: FeatureFlagOptions): Type {
  @Controller()
  class GatedController {
    @FeatureFlag(key, options)
    @Get()
    read() {
      return 'passed';
    }
  }
  return GatedController;
}

class Rejected extends HttpException {
  constructor({ reason }: { reason: string } = undefined as never) {
    super(reason, 403);
  }
}
class OwnError extends Error {}
const thrown = (error: unknown) => () => {
  throw error;
};

const circle: Record<string, unknown> = {};
circle.self = circle;

/** What is meant as an exception, and what the caller gets. */
const kinds: [name: string, otherwise: unknown, status: number, isReported: boolean][] = [
  ['an exception', new ForbiddenException(), 403, false],
  ['its class', ForbiddenException, 403, false],
  ['a function that makes one', () => new ImATeapotException(), 418, false],
  ['an asynchronous function that makes one', async () => new ImATeapotException(), 418, false],
  ['an error with a statusCode', Object.assign(new Error('pay'), { statusCode: 402 }), 402, false],
  ['an asynchronous redirect', { redirect: async () => '/old' }, 302, false],
  ['an asynchronous redirect to nowhere', { redirect: async () => undefined }, 404, false],
  ['a function that throws', thrown(new Error('broken')), 404, true],
  ['a function that throws nothing', thrown(undefined), 404, true],
  ['a function that rejects', async () => thrown(new Error('broken'))(), 404, true],
  ['a function that makes a text', () => 'no', 404, true],
  ['a function that makes nothing', () => undefined, 404, true],
  ['an asynchronous function that makes nothing', async () => undefined, 404, true],
  ['a function that makes a class', () => ForbiddenException, 404, true],
  ['a function that makes a plain Error', () => new Error('secret'), 404, true],
  ['a function that makes a TypeError', async () => new TypeError('secret'), 404, true],
  [
    'a function that makes an exception without a status',
    () => new HttpException('odd', undefined as never),
    404,
    true,
  ],
  [
    'a function that makes an exception whose body goes round in circles',
    () => new HttpException(circle, 403),
    404,
    true,
  ],
  [
    'a function whose exception’s body JSON cannot carry',
    () => new HttpException({ count: 1n }, 403),
    404,
    true,
  ],
  [
    'a generator',
    function* () {
      yield new ForbiddenException();
    },
    404,
    true,
  ],
  ['a class that cannot be made', Rejected, 404, true],
  ['a redirect that throws', { redirect: thrown(new Error('broken')) }, 404, true],
  ['a thenable that throws', () => ({ then: thrown(new Error('broken')) }), 404, true],
];

describe.each(adapters)('otherwise on %s', (_, adapter) => {
  it.each(kinds)('%s', async (_name, otherwise, status, isReported) => {
    const http = await serve([gated('off', { otherwise } as never)], adapter);
    const answers = [await http.get('/'), await http.get('/')];
    expect(answers.map((answer) => answer.status)).toEqual([status, status]);
    if (status === 404) expect(answers[0]!.body.message).toBe('Cannot GET /');
    expect(answers[0]!.text).not.toContain('secret');
    expect(problems()).toEqual(
      isReported ? [expect.stringContaining(`warn The "otherwise" of @FeatureFlag('off')`)] : [],
    );
  });

  it('waits: otherwise – a function that never settles is given up for the default refusal', async () => {
    const http = await serve([gated('off', { otherwise: () => new Promise(() => undefined) })], adapter);
    await http.get('/').expect(404);
    expect(problems()).toEqual([expect.stringContaining('did not finish within 2000 ms')]);
  });

  it('waits: bypass – one that never settles lets no request pass, and is reported once', async () => {
    const bypass = () => new Promise<boolean>(() => undefined);
    const http = await serve([gated('off', { bypass })], adapter);
    await Promise.all([http.get('/').expect(404), http.get('/').expect(404)]);
    expect(problems()).toEqual([expect.stringContaining(`The "bypass" of @FeatureFlag('off') failed`)]);
    const open = await serve([gated('on', { bypass })], adapter);
    await open.get('/').expect(200);
  });
});

describe('otherwise of the wrong kind stops a class from being defined', () => {
  it.each<[string, unknown]>([
    ['Error', Error],
    ['TypeError', TypeError],
    ['AggregateError', AggregateError],
    ['an Error', new Error('secret')],
    ['a RangeError', new RangeError('secret')],
    ['HttpException, which has no status', HttpException],
    ['an exception without a status', new HttpException('odd', undefined as never)],
    ['a class of something else', class Other extends Map {}],
    ['a built-in class', Map],
    ['a text', '/old'],
    ['null', null],
    ['a list', [ForbiddenException]],
  ])('%s', (_, otherwise) => {
    expect(() => FeatureFlag('off', { otherwise } as never)).toThrow(
      /@FeatureFlag\('off'\) needs an exception of Nest's or of your own .* as "otherwise"/,
    );
  });

  it('but an application’s own errors are its filters’ business', () => {
    expect(() => FeatureFlag('off', { otherwise: OwnError })).not.toThrow();
    expect(() => FeatureFlag('off', { otherwise: new OwnError('no') })).not.toThrow();
  });
});

describe('the transport', () => {
  const contextOf = (type: string, target: Type, args: unknown[] = [{}, {}, {}]): ExecutionContext => {
    const context = new ExecutionContextHost(args, target, target.prototype.read as () => unknown);
    context.setType(type);
    return context;
  };
  const guard = () => {
    const flags = {
      evaluate: (_c: unknown, _t: string, flagKey: string) => Promise.resolve({ flagKey, value: false }),
    };
    return new FeatureFlagGuard(new Reflector(), flags as never);
  };
  const refusalOn = async (type: string, otherwise: unknown, args?: unknown[]): Promise<Error> =>
    Promise.resolve(guard().canActivate(contextOf(type, gated('off', { otherwise } as never), args))).then(
      () => new Error('passed'),
      (error: unknown) => error as Error,
    );
  const defaults: [string, object][] = [
    ['http', { status: 404 }],
    ['graphql', { extensions: { code: 'NOT_FOUND' } }],
    ['ws', { constructor: WsException }],
    ['rpc', { constructor: RpcException }],
    ['carrier-pigeon', { status: 404 }],
  ];

  it.each(defaults)('%s gets its own default, also where otherwise fails', async (type, refusal) => {
    const expected = expect.objectContaining(refusal) as unknown;
    expect(await refusalOn(type, undefined)).toEqual(expected);
    expect(await refusalOn(type, () => new Error('secret'))).toEqual(expected);
    expect(await refusalOn(type, async () => thrown(new Error('broken'))())).toEqual(expected);
  });

  it.each(defaults)('%s gets what otherwise makes', async (type) => {
    for (const made of [new OwnError('no'), new WsException('no'), new RpcException('no')]) {
      expect(await refusalOn(type, made)).toBe(made);
      expect(await refusalOn(type, () => made)).toBe(made);
      expect(await refusalOn(type, async () => made)).toBe(made);
    }
    expect(await refusalOn(type, OwnError)).toBeInstanceOf(OwnError);
  });

  it('is refused in its own way where it hands over no request', async () => {
    expect(await refusalOn('http', undefined, [])).toMatchObject({ status: 404 });
    expect(await refusalOn('ws', undefined, [])).toBeInstanceOf(WsException);
  });

  it('without class and handler has nothing to be judged by', async () => {
    const context = new ExecutionContextHost([], undefined as never, null);
    expect(await guard().canActivate(context)).toBe(true);
  });
});

describe('null', () => {
  it.each<[FeatureFlagOptions, number]>([
    [{ equals: null, defaultValue: null }, 200],
    [{ equals: null, defaultValue: null, not: true }, 404],
    [{ equals: null }, 404],
    [{ equals: null, not: true }, 404],
    [{ equals: [null, { a: 1 }], defaultValue: null }, 200],
    [{ equals: { a: 1 }, defaultValue: null }, 404],
    [{ equals: { a: 1 }, defaultValue: null, not: true }, 200],
    [{ equals: [[]], defaultValue: null }, 404],
    [{ equals: [{}], defaultValue: null }, 404],
  ])('is a default, and a value to compare with: %j', async (options, status) => {
    for (const key of ['absent', 'nothing']) {
      const http = await serve([gated(key, options)]);
      expect([key, (await http.get('/')).status]).toEqual([key, status]);
    }
  });
});

import {
  Body,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Module,
  ParseIntPipe,
  type PipeTransform,
  Post,
  type Provider,
  type Type,
  UseGuards,
  UsePipes,
  ValidationPipe,
  type ValidationPipeOptions,
} from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { type EvaluationDetails } from '@openfeature/server-sdk';
import { MessagePattern, ServerTCP } from '@nestjs/microservices';
import { FlagDetails, FlagshipModule, type FlagshipModuleOptions, FlagValue } from 'nestjs-flagship';
import { lastValueFrom, type Observable } from 'rxjs';
import request from 'supertest';
import { adapters, useApp } from '../fixtures/use-app';
import { useLog } from '../fixtures/captured-log';

const apps = useApp();
// Flags that the definitions do not have are named on purpose.
useLog(/^warn The code names flags that Flagship does not have: "/);

const look = { accent: 'red', sizes: [1, 2] };
const definitions = { page: 'modern', limit: 7, beta: true, look } as never;

class LookDto {
  declare accent: string;
  declare sizes: number[];
}

@Controller()
class PageController {
  @Get()
  read(
    @FlagValue('page', 'classic') page: string,
    @FlagValue('limit', 1) limit: number,
    @FlagValue('beta', false) beta: boolean,
    @FlagValue('look', { accent: 'grey', sizes: [] }) dto: LookDto,
    @FlagDetails('page', 'classic') details: EvaluationDetails<string>,
    @FlagDetails('none', 'default') none: EvaluationDetails<string>,
  ) {
    const described = `${dto.accent} ${dto.sizes.join('+')}`;
    return { page, limit, beta, described, variant: details.value, none: none.errorCode };
  }
}
const answer = {
  page: 'modern',
  limit: 7,
  beta: true,
  described: 'red 1+2',
  variant: 'modern',
  none: 'FLAG_NOT_FOUND',
};

/**
 * What `ValidationPipe` needs of class-transformer and class-validator: a copy that is an instance of the class, and
 * rules for it.
 */
const validators = {
  transformerPackage: {
    plainToInstance: (metatype: Type, value: unknown) =>
      typeof value === 'object' && value !== null ? Object.assign(new metatype() as object, value) : value,
    classToPlain: (value: object) => ({ ...value }),
  },
  validatorPackage: {
    validate: ({ constructor, ...own }: object) => {
      const isLook = constructor === LookDto;
      const isValid = !isLook || typeof (own as { readonly accent?: unknown }).accent === 'string';
      return Promise.resolve(
        isValid ? [] : [{ property: 'accent', constraints: { isString: 'accent must be a string' } }],
      );
    },
  },
} as unknown as ValidationPipeOptions;

const pipe = (transform: (value: unknown) => unknown): PipeTransform => ({ transform });

const pipes: [name: string, create: () => PipeTransform][] = [
  ...[
    {},
    { transform: true },
    { whitelist: true },
    { transform: true, whitelist: true, forbidNonWhitelisted: true },
  ].map((options): [string, () => PipeTransform] => [
    `ValidationPipe ${JSON.stringify(options)}`,
    () => new ValidationPipe({ ...validators, ...options, validateCustomDecorators: true }),
  ]),
  ['a pipe that clones', () => pipe((value) => structuredClone(value))],
  ['a pipe that goes through JSON', () => pipe((value) => JSON.parse(JSON.stringify(value)) as unknown)],
  [
    'a pipe that spreads objects',
    () => pipe((value) => (typeof value === 'object' ? { ...(value as object) } : value)),
  ],
  ['an asynchronous pipe', () => pipe(async (value) => value)],
  ['a pipe that freezes', () => pipe((value) => Object.freeze(value))],
];

interface Setting {
  readonly controllers?: Type[];
  readonly providers?: Provider[];
  readonly options?: FlagshipModuleOptions;
  readonly adapter?: (typeof adapters)[number][1];
  readonly global?: PipeTransform[];
}

async function start({
  controllers = [PageController],
  providers = [],
  options = { definitions, propagation: 'none' },
  adapter = adapters[0]![1],
  global = [],
}: Setting): Promise<INestApplication> {
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot(options)],
    controllers,
    providers,
    adapter: adapter(),
    configure: (created) => created.useGlobalPipes(...global),
  });
  return app;
}

const get = (app: INestApplication) => request(app.getHttpServer() as never).get('/');

describe.each(adapters)('a flag’s parameter on %s', (_, adapter) => {
  it.each(pipes)('gets through %s', async (_name, create) => {
    const app = await start({ adapter, global: [create()] });
    await get(app).expect(200, answer);
    const provided = await start({ adapter, providers: [{ provide: APP_PIPE, useFactory: create }] });
    await get(provided).expect(200, answer);
  });

  it.each(pipes)('gets through %s of its controller and its handler', async (_name, create) => {
    @UsePipes(create())
    @Controller()
    class PipedController {
      @UsePipes(create())
      @Get()
      read(@FlagValue('page', '') page: string, @FlagDetails('limit', 1) limit: EvaluationDetails<number>) {
        return { page, limit: limit.value };
      }
    }
    const app = await start({ adapter, controllers: [PipedController] });
    await get(app).expect(200, { page: 'modern', limit: 7 });
  });

  it('is what a pipe makes of the value, as with any parameter', async () => {
    const app = await start({ adapter, global: [pipe((value) => (value === 'modern' ? 'MODERN' : value))] });
    const { body } = await get(app).expect(200);
    expect(body).toEqual({ ...answer, page: 'MODERN' });
  });

  it('is validated like any other where that is wanted', async () => {
    const app = await start({
      adapter,
      options: { definitions: { look: { accent: 1, sizes: [] } } as never },
      global: [new ValidationPipe({ ...validators, validateCustomDecorators: true })],
    });
    const { body } = await get(app).expect(400);
    expect(body).toMatchObject({ message: ['accent must be a string'] });
  });

  it('leaves the handler’s other parameters alone', async () => {
    @Controller()
    class BodyController {
      @Post()
      write(@Body('size', ParseIntPipe) size: number, @FlagValue('limit', 1) limit: number) {
        return { size, limit };
      }
    }
    const app = await start({ adapter, controllers: [BodyController] });
    const post = request(app.getHttpServer() as never).post('/');
    await post.send({ size: '3' }).expect(201, { size: 3, limit: 7 });
  });

  it('is each application’s own, where two share a controller', async () => {
    const global = [new ValidationPipe({ ...validators, transform: true, validateCustomDecorators: true })];
    const first = await start({ adapter, global });
    const second = await start({
      adapter,
      global,
      options: { definitions: { page: 'other', limit: 8, beta: false, look } as never },
    });
    const other = { ...answer, page: 'other', limit: 8, beta: false, variant: 'other' };
    await Promise.all([get(first).expect(200, answer), get(second).expect(200, other)]);
    await second.close();
    await get(first).expect(200, answer);
  });
});

describe('a flag’s parameter in other transports', () => {
  it('is each application’s own too', async () => {
    const seen: string[] = [];
    @Controller()
    class MessageController {
      @MessagePattern('page')
      read(@FlagValue('page', '') page: string) {
        seen.push(page);
        return page;
      }
    }
    const handlers: ((data: unknown, context: unknown) => Promise<Observable<unknown>>)[] = [];
    for (const page of ['one', 'two']) {
      const server = new ServerTCP({ host: '127.0.0.1', port: 0 });
      const imports = [FlagshipModule.forRoot({ definitions: { page } })];
      await apps.startMicroservice({ imports, controllers: [MessageController] }, { strategy: server });
      handlers.push(server.getHandlerByPattern('page') as never);
    }
    for (const handler of handlers) await lastValueFrom(await handler({}, {}));
    expect(seen).toEqual(['one', 'two']);
  });
});

it('follows a module that is loaded twice in one application', async () => {
  @Module({ controllers: [PageController] })
  class First {}
  @Module({ controllers: [PageController] })
  class Second {}
  const { http } = await apps.start({
    imports: [FlagshipModule.forRoot({ definitions }), First, Second],
    configure: (app) => app.useGlobalPipes(pipe((value) => structuredClone(value))),
  });
  await http.get('/').expect(200, answer);
});

it('sees the user that a guard has found', async () => {
  @UseGuards({
    canActivate: (context: ExecutionContext) => {
      context.switchToHttp().getRequest<{ user?: object }>().user = { id: 'ann' };
      return true;
    },
  })
  @Controller()
  class UserController {
    @Get()
    read(@FlagValue('page', '') page: string) {
      return { page };
    }
  }
  const options: FlagshipModuleOptions = {
    definitions: {
      flags: {
        page: {
          enabled: true,
          default_variation: 'all',
          variations: { all: 'all', ann: 'ann' },
          rules: [
            {
              priority: 1,
              conditions: [{ attribute: 'targetingKey', operator: 'equals', value: 'ann' }],
              serve_variation: 'ann',
            },
          ],
        },
      },
    },
    propagation: 'none',
  };
  const app = await start({ controllers: [UserController], options });
  await get(app).expect(200, { page: 'ann' });
});

it('is for handlers alone', () => {
  expect(() => {
    (FlagValue('page', '') as (target: object, method: undefined, index: number) => void)(
      LookDto,
      undefined,
      0,
    );
  }).toThrow("@FlagValue('page') is for the parameters of handlers.");
});

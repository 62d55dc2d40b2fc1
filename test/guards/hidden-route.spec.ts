import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  All,
  Body,
  Controller,
  Get,
  type INestApplication,
  Post,
  RequestMethod,
  type Type,
  Version,
  VersioningType,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { FeatureFlag, FlagshipModule } from 'nestjs-flagship';
import { adapters, type HttpAdapter, useApp } from '../fixtures/use-app';
import { useLog } from '../fixtures/captured-log';

@Controller()
class OpenController {
  @Get('open')
  read() {
    return 'open';
  }
}

@FeatureFlag('off')
@Controller()
class HiddenController {
  @Get('hidden')
  read() {
    return 'hidden';
  }

  @Post('hidden')
  write(@Body() body: unknown) {
    return { body };
  }

  @Version('2')
  @Get('versioned')
  versioned() {
    return 'hidden';
  }

  @FeatureFlag('none')
  @All('all/:id')
  all() {
    return 'hidden';
  }

  @Get('excluded')
  excluded() {
    return 'hidden';
  }
}

type Setup = (app: INestApplication) => void;

const setups: [name: string, setup: Setup][] = [
  ['plain', () => undefined],
  [
    'with a global prefix',
    (app) =>
      app.setGlobalPrefix('api', { exclude: ['excluded', { path: 'open', method: RequestMethod.GET }] }),
  ],
  ['with versions in the path', (app) => app.enableVersioning({ type: VersioningType.URI })],
  [
    'with versions in a header',
    (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '2' }),
  ],
];

const apps = useApp();
// Flags that the definitions do not have are named on purpose.
useLog(/^warn The code names flags that Flagship does not have: "/);

async function listen(controllers: Type[], adapter: HttpAdapter, setup: Setup): Promise<number> {
  const imports = [FlagshipModule.forRoot({ definitions: { off: false } })];
  const { url } = await apps.start({ imports, controllers, adapter, configure: setup });
  return Number(new URL(url).port);
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Everything that a client sees, but the time of day. */
async function seen(port: number, { method, path, headers, body }: Asked) {
  const asked = httpRequest({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: { host: 'shop.test', ...headers },
  });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const rawHeaders = response.rawHeaders.map((value, index, all) =>
    all[index - 1] === 'Date' || all[index - 1] === 'date' ? '' : value,
  );
  return { status: response.statusCode, rawHeaders, body: await text(response) };
}

const json = { 'content-type': 'application/json' };
const paths = [
  '/hidden',
  '/hidden/',
  '/hidden?x=1&y=%2f',
  '/all/7',
  '/v2/versioned',
  '/versioned',
  '/excluded',
];
const questions: readonly Asked[] = [
  ...['', '/api'].flatMap((prefix) =>
    paths.flatMap((path) =>
      ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'].map((method) => ({ method, path: prefix + path })),
    ),
  ),
  { method: 'GET', path: '/versioned', headers: { 'x-version': '2' } },
  { method: 'GET', path: '/versioned', headers: { 'x-version': '3' } },
  { method: 'POST', path: '/hidden', headers: json, body: '{"a":1}' },
  { method: 'POST', path: '/hidden', headers: json, body: '{' },
  { method: 'POST', path: '/hidden', headers: json, body: '' },
  { method: 'POST', path: '/hidden', headers: { ...json, accept: 'text/html' }, body: '[]' },
  {
    method: 'POST',
    path: '/hidden',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'a=1',
  },
  { method: 'POST', path: '/hidden', headers: { 'content-type': 'text/plain' }, body: 'text' },
];
const xml: Asked = {
  method: 'POST',
  path: '/hidden',
  headers: { 'content-type': 'application/xml' },
  body: '<a/>',
};

describe.each(adapters)('a hidden route on %s', (name, adapter) => {
  it.each(setups)('answers byte for byte what an absent one does, %s', async (_, setup) => {
    const hidden = await listen([OpenController, HiddenController], adapter(), setup);
    const absent = await listen([OpenController], adapter(), setup);
    for (const asked of name === 'express' ? [...questions, xml] : questions) {
      expect({ asked, ...(await seen(hidden, asked)) }).toEqual({ asked, ...(await seen(absent, asked)) });
    }
    expect((await seen(hidden, { method: 'GET', path: '/open', headers: { 'x-version': '2' } })).status).toBe(
      200,
    );
  });
});

it('on Fastify with the parser that the README names does so for every content type', async () => {
  const create = (): FastifyAdapter => {
    const adapter = new FastifyAdapter();
    adapter.getInstance().addContentTypeParser('*', (_request, payload, done) => {
      payload.resume();
      done(null);
    });
    return adapter;
  };
  const hidden = await listen([OpenController, HiddenController], create(), () => undefined);
  const absent = await listen([OpenController], create(), () => undefined);
  for (const type of ['application/xml', 'image/png', 'odd/odd; charset=x']) {
    const asked = { ...xml, headers: { 'content-type': type } };
    const answer = await seen(hidden, asked);
    expect(answer.status).toBe(404);
    expect(answer).toEqual(await seen(absent, asked));
  }
});

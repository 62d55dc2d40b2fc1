import 'reflect-metadata';
import { httpServerHandler } from 'cloudflare:node';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type FlagshipBinding, type FlagshipModuleOptions, FlagService } from 'nestjs-flagship';
import { ShopModule } from './shop';

interface Env {
  readonly FLAGS: Flagship;
  readonly FLAGSHIP_URL: string;
  readonly SLOW_URL: string;
}

interface Question {
  readonly type: 'boolean' | 'string' | 'number' | 'object';
  readonly flagKey: string;
  readonly defaultValue: never;
  readonly context: never;
}

const PORT = 3000;
const logger = ['error', 'warn'] as const;
const evaluate = ({ type, flagKey, defaultValue, context }: Question, flags: FlagService) => {
  switch (type) {
    case 'boolean':
      return flags.getBooleanDetails(flagKey, defaultValue, context);
    case 'string':
      return flags.getStringDetails(flagKey, defaultValue, context);
    case 'number':
      return flags.getNumberDetails(flagKey, defaultValue, context);
    case 'object':
      return flags.getObjectDetails(flagKey, defaultValue, context);
  }
};

const http = ({ FLAGSHIP_URL: baseUrl }: Env) => ({ appId: 'shop', accountId: 'account', baseUrl });
/** Waits until the server at `SLOW_URL` responds, so that a request can end before its evaluation. */
const slowly = async <T>({ SLOW_URL }: Env, work: () => Promise<T>): Promise<T> => {
  await (await fetch(SLOW_URL)).text();
  return work();
};
const slowBinding = (env: Env): FlagshipBinding => ({
  getBooleanDetails: (...args) => slowly(env, () => env.FLAGS.getBooleanDetails(...args)),
  getStringDetails: (...args) => slowly(env, () => env.FLAGS.getStringDetails(...args)),
  getNumberDetails: (...args) => slowly(env, () => env.FLAGS.getNumberDetails(...args)),
  getObjectDetails: (...args) => slowly(env, () => env.FLAGS.getObjectDetails(...args)),
});

const SOURCES: Record<string, (env: Env) => FlagshipModuleOptions> = {
  binding: (env) => ({ binding: env.FLAGS }),
  cached: (env) => ({ binding: env.FLAGS, cacheTtl: 60_000 }),
  abandoned: (env) => ({ binding: slowBinding(env) }),
  definitions: () => ({ definitions: { 'home-page': 'modern', 'new-checkout': false } }),
  remote: http,
  'local-evaluation': (env) => ({
    ...http(env),
    fetch: (input, init) => slowly(env, () => fetch(input, init)),
    localEvaluation: true,
  }),
};

const contexts = new Map<string, Promise<INestApplicationContext>>();
let server: Promise<unknown> | undefined;

async function serve(env: Env): Promise<void> {
  const app = await NestFactory.create(ShopModule.with({ binding: env.FLAGS }), { logger: [...logger] });
  await app.listen(PORT);
}

async function answer(url: URL, request: Request, env: Env): Promise<unknown> {
  const [, source = '', action] = url.pathname.split('/');
  const start = () =>
    NestFactory.createApplicationContext(ShopModule.with(SOURCES[source]!(env)), { logger: [...logger] });
  if (!contexts.has(source)) contexts.set(source, start());
  const app = await contexts.get(source)!;
  const flags = app.get(FlagService);
  switch (action) {
    case 'evaluate':
      return evaluate(await request.json(), flags);
    case 'abandon':
      void evaluate(await request.json(), flags);
      return 'abandoned';
    case 'refresh':
      return flags.refresh();
    case 'abandon-refresh':
      void flags.refresh();
      return 'abandoned';
    default:
      contexts.delete(source);
      await app.close();
      return 'closed';
  }
}

// eslint-disable-next-line no-restricted-syntax -- a Worker is its default export
export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);
    if (!url.pathname.startsWith('/nest/')) return Response.json(await answer(url, request, env));
    await (server ??= serve(env));
    url.pathname = url.pathname.slice('/nest'.length);
    return httpServerHandler({ port: PORT }).fetch!(new Request(url, request) as never, env, context);
  },
};

// One Nest application with one route. Arguments: adapter, variant, the local Flagship's address.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serveParent } from '../../tools/child-side.cjs';
import { variants } from './route-variants.mjs';

const [adapterName, variantName, flagship] = process.argv.slice(2);
const variant = variants[variantName](JSON.parse(flagship));

class RouteController {
  answer() {
    return { ok: true };
  }
}
Get('route')(
  RouteController.prototype,
  'answer',
  Object.getOwnPropertyDescriptor(RouteController.prototype, 'answer'),
);
variant.guard?.(
  RouteController.prototype,
  'answer',
  Object.getOwnPropertyDescriptor(RouteController.prototype, 'answer'),
);
Controller()(RouteController);

class AppModule {}
Module({ imports: variant.imports ?? [], controllers: [RouteController] })(AppModule);

async function createAdapter() {
  if (adapterName === 'express') return new (await import('@nestjs/platform-express')).ExpressAdapter();
  return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
}

const app = await NestFactory.create(AppModule, await createAdapter(), { logger: false });
if (variant.interceptor) app.useGlobalInterceptors(variant.interceptor);
await app.listen(0, '127.0.0.1');

serveParent({ url: `${await app.getUrl()}/route` }, { answer: () => ({ cpu: process.cpuUsage() }) });

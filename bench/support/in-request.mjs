import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { FlagService, FlagshipModule } from 'nestjs-flagship';

const HEADERS = { 'x-user-id': 'user-4711', 'x-plan': 'pro' };

/**
 * Runs code in the handler of a request, in the scope that the application has opened for it.
 *
 * @param modules The options of each Flagship module; the first is the main one.
 * @param run Gets the `FlagService` of that one.
 * @returns What `run` resolves to.
 */
export async function inRequest(modules, run) {
  let result;
  class RunController {
    async answer() {
      result = await run(app.get(FlagService));
      return {};
    }
  }
  const { prototype } = RunController;
  Get()(prototype, 'answer', Object.getOwnPropertyDescriptor(prototype, 'answer'));
  Controller()(RunController);
  class AppModule {}
  const imports = modules.map((options) => FlagshipModule.forRoot({ ...options, requestContext }));
  Module({ imports, controllers: [RunController] })(AppModule);
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  const response = await fetch(await app.getUrl(), { headers: HEADERS });
  await app.close();
  if (!response.ok) throw new Error(`the request failed: ${await response.text()}`);
  return result;
}

const requestContext = { userId: 'x-user-id', headers: { 'x-plan': 'plan' } };

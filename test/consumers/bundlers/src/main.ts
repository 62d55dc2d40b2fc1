import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { OpenFeature } from '@openfeature/server-sdk';
import { FlagService, FlagshipModule } from 'nestjs-flagship';
import { startLocalFlagship } from 'nestjs-flagship/local';
import { FlagshipHealthIndicator } from 'nestjs-flagship/terminus';
import { TestFlags } from 'nestjs-flagship/testing';
import { ShopModule } from './shop';

const [address, malformedFile] = process.argv.slice(2);

async function askShop() {
  const app = await NestFactory.create(ShopModule.with(address), { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const ask = async (path: string, user: string) => {
    const response = await fetch(new URL(path, url), { headers: { 'x-user': user } });
    return { status: response.status, body: (await response.json()) as unknown };
  };
  const answers = {
    home: await ask('/', 'bob'),
    ada: await ask('/checkout', 'ada'),
    bob: await ask('/checkout', 'bob'),
  };
  const { flagship } = await app.get(FlagshipHealthIndicator).check('flagship');
  await app.close();
  return { ...answers, health: flagship.status };
}

async function limitFrom(module: ReturnType<typeof FlagshipModule.forRoot>) {
  const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const limit = await context.get(FlagService).getNumberValue('upload-limit', 10);
  await context.close();
  return limit;
}

async function limitFromLocal() {
  const flagship = await startLocalFlagship({ flags: { 'upload-limit': 4 } });
  const { url: baseUrl, accountId, appId } = flagship;
  const limit = await limitFrom(FlagshipModule.forRoot({ baseUrl, accountId, appId }));
  await flagship.close();
  return limit;
}

async function main() {
  await OpenFeature.setProviderAndWait('testing', new TestFlags({ 'new-checkout': true }).provider);
  const result = {
    ...(await askShop()),
    definitions: await limitFrom(FlagshipModule.forRoot({ definitions: { 'upload-limit': 3 } })),
    local: await limitFromLocal(),
    malformed: await limitFrom(FlagshipModule.forRoot({ definitions: malformedFile })).catch(String),
    testing: await OpenFeature.getClient('testing').getBooleanValue('new-checkout', false),
  };
  console.log(JSON.stringify(result));
}

void main();

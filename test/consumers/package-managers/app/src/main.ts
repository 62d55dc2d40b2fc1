import { NestFactory } from '@nestjs/core';
import { startLocalFlagship } from 'nestjs-flagship/local';
import { AppModule } from './app.js';

/** Prints the response to one request. There is no `process.exit`: the process ends when everything is closed. */
async function main(): Promise<void> {
  const flagship = await startLocalFlagship({ flags: { invoices: true } });
  const app = await NestFactory.create(AppModule.with(flagship), { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const response = await fetch(await app.getUrl());
  process.stdout.write(`${response.status} ${await response.text()}\n`);
  await app.close();
  await flagship.close();
}

void main();

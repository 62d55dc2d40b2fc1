import { createInterface } from 'node:readline';
import { type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type FlagshipModuleOptions, type FlagsInput } from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';

const adapters = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() };
const modes = ['remote', 'local-evaluation', 'definitions'] as const;

type Adapter = keyof typeof adapters;
type Mode = (typeof modes)[number];

function readArguments([adapter, mode]: readonly (string | undefined)[]): [Adapter, Mode] {
  if ((adapter !== 'express' && adapter !== 'fastify') || !modes.includes(mode as Mode)) {
    throw new Error(`express or fastify, then one of ${modes.join(', ')}`);
  }
  return [adapter, mode as Mode];
}

function optionsFor(flagship: LocalFlagship, mode: Mode, flags: FlagsInput): FlagshipModuleOptions {
  if (mode === 'definitions') return { definitions: flags };
  const { url: baseUrl, accountId, appId } = flagship;
  return { baseUrl, accountId, appId, localEvaluation: mode === 'local-evaluation' };
}

/** Each line of the standard input is an operator's edit, its end the wish to close. */
async function followOperator(flagship: LocalFlagship): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    flagship.setFlags(JSON.parse(line) as FlagsInput);
  }
}

/**
 * Runs the shop beside a Flagship of its own and prints its address. There is no `process.exit`: the process ends
 * when everything is given back, or not at all.
 */
export async function serve(
  shop: (options: FlagshipModuleOptions) => DynamicModule,
  flags: FlagsInput,
): Promise<void> {
  const [adapter, mode] = readArguments(process.argv.slice(2));
  const flagship = await startLocalFlagship({ flags });
  const app: INestApplication = await NestFactory.create(
    shop(optionsFor(flagship, mode, flags)),
    adapters[adapter](),
    { logger: ['error', 'warn'] },
  );
  await app.listen(0, '127.0.0.1');
  // From here on the definitions are in this process, and answers must not need Flagship any more.
  if (mode !== 'remote') await flagship.close();
  process.stdout.write(`${await app.getUrl()}\n`);
  await followOperator(flagship);
  await app.close();
  await flagship.close();
}

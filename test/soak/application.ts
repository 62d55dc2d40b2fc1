import 'reflect-metadata';
import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Controller, Get, type INestApplication, Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue } from 'nestjs-flagship';
import { activeResources, watchProcess } from '../fixtures/process-watch';
import { type Page, type Sample } from './messages';
import { type Mode, moduleOptions } from './setup';

// The application under test, in a process of its own, started with --expose-gc.
const [mode, endpoint] = process.argv.slice(2) as [Mode, string];

@Injectable()
class GenerationService {
  constructor(private readonly flags: FlagService) {}

  async current(): Promise<Pick<Page, 'generation' | 'reason' | 'waited'>> {
    const start = performance.now();
    const { value, reason = '' } = await this.flags.getNumberDetails('generation', -1);
    return { generation: value, reason, waited: performance.now() - start };
  }
}

@Controller()
class ShopController {
  constructor(private readonly generations: GenerationService) {}

  @FeatureFlag('new-checkout', { defaultValue: true })
  @Get('shop')
  async shop(@FlagValue('home-page', 'classic') home: string): Promise<Page> {
    return { home, ...(await this.generations.current()) };
  }
}

@Module({
  imports: [FlagshipModule.forRoot(moduleOptions(mode, endpoint))],
  controllers: [ShopController],
  providers: [GenerationService],
})
class AppModule {}

const watch = watchProcess();
const turns = monitorEventLoopDelay({ resolution: 10 });
turns.enable();

function sample(app: INestApplication): Sample {
  // What finalizers let go of is gone after the second one.
  for (let count = 0; count < 2; count++) globalThis.gc?.();
  return {
    heap: process.memoryUsage().heapUsed,
    resources: activeResources(),
    stats: app.get(FlagService).stats(),
    longestTurn: turns.max / 1e6,
    problems: watch.problems,
  };
}

async function start(): Promise<void> {
  Logger.overrideLogger(false);
  const app = await NestFactory.create(AppModule);
  const server = (await app.listen(0, '127.0.0.1')) as Server;
  // Longer than any pause of the load: a connection that closes just then would look like a failure.
  server.keepAliveTimeout = 60_000;
  const obey = async (question: 'sample' | 'close'): Promise<void> => {
    if (question === 'close') await app.close();
    process.send?.(sample(app));
  };
  process.on('message', (question) => void obey(question as 'sample' | 'close'));
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

void start();

import 'reflect-metadata';
import { type Server } from 'node:http';
import { Controller, Get, type INestApplication, Injectable, Logger, Module, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue } from 'nestjs-flagship';
import { serveParent } from '../../tools/child-side.cjs';
import { usedHeap } from '../../tools/heap.cjs';
import { activeResources, watchProcess } from '../fixtures/process-watch';
import { type Page, type Sample } from './messages';
import { Pace } from './pace';
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

/** A request that knows when it arrived: what waits before it is the machine's business, not the flags'. */
interface Arrival {
  arrived: number;
}

@Controller()
class ShopController {
  constructor(private readonly generations: GenerationService) {}

  @FeatureFlag('new-checkout', { defaultValue: true })
  @Get('shop')
  async shop(@Req() { arrived }: Arrival, @FlagValue('home-page', 'classic') home: string): Promise<Page> {
    const generation = await this.generations.current();
    return { home, ...generation, took: performance.now() - arrived, paceKept: pace.keptFor };
  }
}

@Module({
  imports: [FlagshipModule.forRoot(moduleOptions(mode, endpoint))],
  controllers: [ShopController],
  providers: [GenerationService],
})
class AppModule {}

const watch = watchProcess();
const pace = new Pace();

function sample(app: INestApplication): Sample {
  return {
    heap: usedHeap(),
    resources: activeResources(),
    stats: app.get(FlagService).stats(),
    longestOwnStandstill: pace.longestOwn,
    problems: watch.problems,
  };
}

async function start(): Promise<void> {
  Logger.overrideLogger(false);
  const app = await NestFactory.create<INestApplication<Server>>(AppModule);
  app.use((request: Arrival, _: unknown, next: () => void) => {
    request.arrived = performance.now();
    next();
  });
  await app.listen(0, '127.0.0.1');
  // Longer than any pause of the load: a connection that closes just then would look like a failure.
  app.getHttpServer().keepAliveTimeout = 60_000;
  const obey = async (question: 'sample' | 'close'): Promise<Sample> => {
    if (question === 'close') await app.close();
    return sample(app);
  };
  pace.begin();
  // Not ended with the parent: the process must end by itself once the application is closed.
  serveParent({ url: await app.getUrl() }, { answer: obey, onDisconnect: () => undefined });
}

void start();

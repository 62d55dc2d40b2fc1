import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Headers,
  Injectable,
  type MessageEvent,
  Post,
  Sse,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client, type Provider, TypedInMemoryProvider } from '@openfeature/server-sdk';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue, type Propagation } from 'nestjs-flagship';
import fc from 'fast-check';
import { concatMap, from, type Observable } from 'rxjs';
import { Client as HttpClient } from 'undici';
import { adapters, useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';

/** Answers with whom it was asked for, after as many turns of the event loop as the user's name is long. */
function slowEcho(): Provider {
  const provider = new TypedInMemoryProvider({});
  provider.resolveStringEvaluation = async (_key, _default, { targetingKey = 'nobody' } = {}) => {
    for (const _letter of targetingKey) await turn(_letter);
    return { value: targetingKey, reason: 'STATIC' };
  };
  provider.resolveBooleanEvaluation = async (_key, _default, { targetingKey = '' } = {}) => {
    await turn();
    return { value: !targetingKey.startsWith('refused'), reason: 'STATIC' };
  };
  return provider;
}

@Injectable()
@Catch(RangeError)
class WhoFilter implements ExceptionFilter {
  constructor(private readonly flags: FlagService) {}
  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    const user = await this.flags.getStringValue('filter', '');
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(body: object): void } }>();
    response.status(418).send([user]);
  }
}

@Controller()
class WhoController {
  constructor(
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  private async everywhere(): Promise<string[]> {
    const before = this.flags.context.targetingKey ?? 'nobody';
    const parallel = await Promise.all([
      this.flags.getStringValue('a', ''),
      this.client.getStringValue('b', ''),
      this.flags.getStringValue('a', ''),
    ]);
    return [before, ...parallel, this.flags.context.targetingKey ?? 'nobody'];
  }

  @Get('read')
  async read(@FlagValue('parameter', '') parameter: string) {
    return [parameter, ...(await this.everywhere())];
  }

  @Post('send')
  async send(@Body() body: { user: string }, @FlagValue('parameter', '') parameter: string) {
    return [body.user, parameter, ...(await this.everywhere())];
  }

  @FeatureFlag('guarded')
  @Get('guarded')
  async guarded() {
    return this.everywhere();
  }

  @UseFilters(WhoFilter)
  @Post('fails')
  async fails(): Promise<never> {
    await this.everywhere();
    throw new RangeError('for the filter');
  }

  @Get('file')
  async file(@Headers('x-user') user: string) {
    const seen = await this.everywhere();
    const flags = this.flags;
    async function* chunks() {
      yield Buffer.from(JSON.stringify([user, ...seen]).slice(0, -1));
      for (const key of ['c', 'd']) {
        await turn();
        yield Buffer.from(`,"${await flags.getStringValue(key, '')}"`);
      }
      yield Buffer.from(']');
    }
    return new StreamableFile(Readable.from(chunks()));
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    return from(['e', 'f', 'g']).pipe(
      concatMap(async (key) => ({ data: await this.flags.getStringValue(key, '') })),
    );
  }
}

interface Question {
  readonly route: 'read' | 'send' | 'guarded' | 'fails' | 'file' | 'events';
  readonly user: string;
  readonly size: number;
}

const question = fc.record<Question>({
  route: fc.constantFrom('read', 'send', 'guarded', 'fails', 'file', 'events'),
  user: fc.stringMatching(/^(refused-)?[a-z]{1,8}$/),
  size: fc.constantFrom(0, 10, 40_000),
});

/** Whom one response is for, wherever the user stands in it. */
function usersOf({ route }: Question, status: number, text: string): string[] {
  if (status === 404) return [];
  if (route !== 'events') return JSON.parse(text) as string[];
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, user = '']) => user);
}

describe.each(adapters)('on %s', (_name, adapter) => {
  const apps = useApp();
  const cleanUp = useCleanup();

  async function start(propagation: Propagation): Promise<HttpClient[]> {
    const options = { propagation, provider: slowEcho(), requestContext: { userId: 'x-user' } };
    const { url } = await apps.start({
      imports: [FlagshipModule.forRoot(options)],
      controllers: [WhoController],
      adapter: adapter(),
    });
    // One keeps its connection and asks one after the other, the others write the next before the last is answered.
    const clients = [1, 4, 16].map((pipelining) => new HttpClient(url, { pipelining }));
    cleanUp(() => Promise.all(clients.map((client) => client.destroy())));
    return clients;
  }

  async function ask(client: HttpClient, asked: Question): Promise<string[]> {
    const isPost = asked.route === 'send' || asked.route === 'fails';
    const { statusCode, body } = await client.request({
      path: `/${asked.route}`,
      method: isPost ? 'POST' : 'GET',
      headers: { 'x-user': asked.user, ...(isPost ? { 'content-type': 'application/json' } : {}) },
      body: isPost ? JSON.stringify({ user: asked.user, filler: 'x'.repeat(asked.size) }) : null,
      // Without it a POST would not be pipelined.
      idempotent: true,
      blocking: false,
    });
    return usersOf(asked, statusCode, await body.text());
  }

  it.each(['interceptor', 'middleware'] as const)(
    'every response carries its own user under propagation %s',
    async (propagation) => {
      const clients = await start(propagation);
      await fc.assert(
        fc.asyncProperty(fc.array(question, { minLength: 10, maxLength: 60 }), async (questions) => {
          const answers = await Promise.all(
            questions.map((asked, index) => ask(clients[index % clients.length]!, asked)),
          );
          for (const [index, { route, user }] of questions.entries()) {
            const expected = new Set(user.startsWith('refused') && route === 'guarded' ? [] : [user]);
            const seen = new Set(answers[index]);
            // What a file is read from, and filters, lie outside of the handler that an interceptor surrounds.
            const isOutside = propagation === 'interceptor' && (route === 'file' || route === 'fails');
            if (isOutside) seen.delete('nobody');
            if (isOutside && route === 'fails') expected.clear();
            expect([route, ...seen]).toEqual([route, ...expected]);
          }
        }),
        { numRuns: 15 },
      );
    },
  );
});

import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type MessageEvent,
  type NestInterceptor,
  RequestTimeoutException,
  Sse,
  UseInterceptors,
} from '@nestjs/common';
import { TypedInMemoryProvider } from '@openfeature/server-sdk';
import { FlagService, FlagshipModule, FlagValue, type Propagation } from 'nestjs-flagship';
import {
  catchError,
  concatMap,
  finalize,
  interval,
  NEVER,
  type Observable,
  skip,
  startWith,
  timeout,
} from 'rxjs';
import { waitUntilGone } from '../fixtures/garbage';
import { adapters, type RunningApp, useApp } from '../fixtures/use-app';
import { waitUntil } from '../fixtures/wait-until';

@Injectable()
class Impatient implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      timeout(30),
      catchError(() => {
        throw new RequestTimeoutException();
      }),
    );
  }
}

const apps = useApp();

let running = 0;

@Controller()
class SlowController {
  constructor(private readonly flags: FlagService) {}

  private counted(source: Observable<unknown>): Observable<unknown> {
    running++;
    return source.pipe(finalize(() => running--));
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    const answers = interval(1).pipe(
      concatMap(async () => ({ data: await this.flags.getStringValue('echo', '') })),
    );
    return this.counted(answers) as Observable<MessageEvent>;
  }

  @UseInterceptors(Impatient)
  @Get('never')
  never(@FlagValue('echo', '') user: string): Observable<unknown> {
    return this.counted(NEVER.pipe(startWith(user), skip(1)));
  }

  @Get('quick')
  quick(@FlagValue('echo', '') user: string) {
    return user;
  }
}

describe.each(adapters)('on %s', (_name, adapter) => {
  describe.each(['interceptor', 'middleware'] as const)('under propagation %s', (propagation) => {
    let app: RunningApp;
    let markers: WeakRef<object>[];
    beforeEach(async () => {
      [app, markers] = await start(propagation);
    });

    async function start(chosen: Propagation): Promise<[RunningApp, WeakRef<object>[]]> {
      const made: WeakRef<object>[] = [];
      const provider = new TypedInMemoryProvider({});
      provider.resolveStringEvaluation = async (_key, _default, context) => ({
        value: context?.targetingKey ?? 'nobody',
        reason: 'STATIC',
      });
      const contextFactory = () => {
        const marker = { some: 'object' };
        made.push(new WeakRef(marker));
        return { marker };
      };
      const options = { propagation: chosen, provider, contextFactory, requestContext: { userId: 'x-user' } };
      const started = await apps.start({
        imports: [FlagshipModule.forRoot(options)],
        controllers: [SlowController],
        adapter: adapter(),
      });
      return [started, made];
    }

    it('ends a stream of events, and releases its scope, when its client disconnects', async () => {
      const outgoing = get(`${app.url}/events`, { headers: { 'x-user': 'ann' } });
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', () => undefined);
      await waitUntil(() => (text.match(/^data: /gm) ?? []).length > 3, 'events');
      expect(new Set([...text.matchAll(/^data: (.*)$/gm)].map(([, user]) => user))).toEqual(new Set(['ann']));
      expect(running).toBe(1);
      outgoing.destroy();
      await waitUntil(() => running === 0, 'the end of the stream');
      expect(markers.length).toBeGreaterThan(0);
      await waitUntilGone(markers, 'the scope of the stream');
    });

    it('ends a handler that has timed out, and releases its scope', async () => {
      await app.http.get('/never').set('x-user', 'ann').expect(408);
      expect(running).toBe(0);
      expect(markers.length).toBeGreaterThan(0);
      await waitUntilGone(markers, 'the scope of the request');
    });

    it('releases the scope of each request that has been answered', async () => {
      for (const user of ['ann', 'bob']) {
        await app.http.get('/quick').set('x-user', user).expect(200, user);
      }
      expect(markers).toHaveLength(2);
      await waitUntilGone(markers, 'the scopes of the requests');
    });
  });
});

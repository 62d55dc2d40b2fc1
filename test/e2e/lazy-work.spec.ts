import { get } from 'node:http';
import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  type INestApplication,
  Injectable,
  type MessageEvent,
  Sse,
  StreamableFile,
} from '@nestjs/common';
import { FlagService, FlagshipModule, type FlagshipModuleOptions, WithFlagContext } from 'nestjs-flagship';
import {
  BehaviorSubject,
  concatMap,
  defer,
  firstValueFrom,
  from,
  lastValueFrom,
  type Observable,
  of,
  toArray,
} from 'rxjs';
import request from 'supertest';
import { captureLog } from '../fixtures/captured-log';
import { adapters, useApp } from '../fixtures/use-app';
import { subjectProvider } from '../fixtures/subject-provider';
import { waitUntil } from '../fixtures/wait-until';

/** More than the buffers of a stream hold, so that it is read in many turns. */
const CHUNKS = 40;
const PADDING = 'x'.repeat(8_000);

class OwnFile extends StreamableFile {}

@Controller()
class StreamingController {
  static ended: string[] = [];

  constructor(private readonly flags: FlagService) {}

  @Get('file')
  file() {
    return new StreamableFile(Readable.from(this.lines()), { type: 'text/plain' });
  }

  /** A class of the application's own is left as it is; its generator binds itself to the scope. */
  @Get('own-file')
  ownFile() {
    return new OwnFile(Readable.from(this.flags.withContext(this.flags.context, () => this.lines())));
  }

  @Get('stream')
  stream() {
    return Readable.from(this.lines());
  }

  @Get('promised')
  async promised() {
    await new Promise(setImmediate);
    return new StreamableFile(Readable.from(this.lines()));
  }

  @Get('bytes')
  bytes() {
    return new StreamableFile(Buffer.from('bytes'));
  }

  @Get('failing')
  failing() {
    return new StreamableFile(Readable.from(this.failingLines()));
  }

  @Sse('events')
  events(): Observable<MessageEvent> {
    return from([1, 2, 3]).pipe(
      concatMap(async () => ({ data: await this.flags.getStringValue('who', '') })),
    );
  }

  private async *lines() {
    try {
      for (let line = 0; line < CHUNKS; line++) {
        yield `${await this.flags.getStringValue('who', '')} ${PADDING}\n`;
      }
    } finally {
      StreamingController.ended.push(await this.flags.getStringValue('who', ''));
    }
  }

  private async *failingLines() {
    yield await this.flags.getStringValue('who', '');
    throw new Error('the disk is gone');
  }
}

@Injectable()
class Jobs {
  constructor(private readonly flags: FlagService) {}

  @WithFlagContext((user: string) => ({ targetingKey: user }))
  async *stream(user: string) {
    for (let turn = 0; turn < 3; turn++) yield [user, await this.who()];
  }

  @WithFlagContext(async (user: string) => ({ targetingKey: await Promise.resolve(user) }))
  async *lateStream(user: string) {
    for (let turn = 0; turn < 3; turn++) yield [user, await this.who()];
  }

  @WithFlagContext((user: string) => ({ targetingKey: user }))
  *turns(user: string): Generator<unknown, string, string> {
    const sent = yield [user, this.flags.context.targetingKey];
    return `${sent} ${this.flags.context.targetingKey!}`;
  }

  @WithFlagContext((user: string) => ({ targetingKey: user }))
  observed(user: string): Observable<unknown> {
    return defer(async () => [user, await this.who()]);
  }

  @WithFlagContext((user: string, ask: () => Promise<unknown>) => ({ targetingKey: user, asks: typeof ask }))
  handedOn(_user: string, ask: () => Promise<unknown>) {
    return ask();
  }

  @WithFlagContext((user: string, ask: () => Promise<unknown>) => ({ targetingKey: user, asks: typeof ask }))
  static ofTheClass(_user: string, ask: () => Promise<unknown>) {
    return ask();
  }

  @WithFlagContext(() => new Promise<never>(() => undefined))
  hanging() {
    return this.who();
  }

  @WithFlagContext(() => ['ann'] as never)
  garbage() {
    return this.who();
  }

  private who(): Promise<string> {
    return this.flags.getStringValue('who', '');
  }
}

/** Without a type of text, an answer is bytes. */
function textOf({ text, body }: { readonly text?: string; readonly body: unknown }): string {
  return text ?? String(body);
}

const apps = useApp();
let lines: string[];
beforeEach(() => {
  lines = captureLog();
});
afterEach(async () => {
  StreamingController.ended = [];
  jest.restoreAllMocks();
});

async function start(
  propagation: 'interceptor' | 'middleware',
  adapter: (typeof adapters)[number][1] = adapters[0]![1],
  more: Partial<FlagshipModuleOptions> = {},
): Promise<INestApplication> {
  const options = { provider: subjectProvider().provider, requestContext: { userId: 'x-user' } };
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot({ ...options, propagation, ...more })],
    controllers: [StreamingController],
    providers: [Jobs],
    adapter: adapter(),
  });
  return app;
}

describe.each(adapters)('an answer that is streamed, on %s', (name, adapter) => {
  describe.each(['interceptor', 'middleware'] as const)('under propagation %s', (propagation) => {
    const users = ['ann', 'bob', 'cid'];
    const paths = ['file', 'promised', ...(name === 'fastify' ? ['stream'] : [])];

    it.each([...paths, 'own-file'])('is made in the scope of its request: %s', async (path) => {
      const app = await start(propagation, adapter);
      const texts = await Promise.all(
        users.map(async (user) => {
          const answer = await request(app.getHttpServer()).get(`/${path}`).set('x-user', user).buffer();
          return textOf(answer);
        }),
      );
      for (const [index, text] of texts.entries()) {
        const seen = text
          .trimEnd()
          .split('\n')
          .map((line) => line.split(' ')[0]);
        expect(seen).toEqual(Array(CHUNKS).fill(users[index]));
      }
      expect(StreamingController.ended.sort()).toEqual(users.map((user) => `${user} -`));
    });

    it('keeps its type and its length', async () => {
      const app = await start(propagation, adapter);
      const file = await request(app.getHttpServer()).get('/file').set('x-user', 'ann');
      expect(file.headers['content-type']).toContain('text/plain');
      const bytes = await request(app.getHttpServer()).get('/bytes');
      expect([bytes.headers['content-length'], String(bytes.body)]).toEqual(['5', 'bytes']);
    });

    it('ends its source when the client goes away', async () => {
      const app = await start(propagation, adapter);
      const url = `${await app.getUrl()}/file`;
      await new Promise<void>((resolve) => {
        const leaving = get(url, { headers: { 'x-user': 'ann' } }, (response) => {
          response.once('data', () => {
            leaving.destroy();
            resolve();
          });
          response.on('error', () => undefined);
        });
        leaving.on('error', () => undefined);
      });
      await waitUntil(() => StreamingController.ended.length === 1, 'the end of the source');
      expect(StreamingController.ended).toEqual(['ann -']);
    });

    it('is cut where its source fails, and the process goes on', async () => {
      const app = await start(propagation, adapter);
      await request(app.getHttpServer())
        .get('/failing')
        .set('x-user', 'ann')
        .then(
          ({ status }) => expect(status).not.toBe(200),
          (error: unknown) => expect(error).toBeDefined(),
        );
      await request(app.getHttpServer()).get('/bytes').expect(200);
    });

    it('is one of events', async () => {
      const app = await start(propagation, adapter);
      const { text } = await request(app.getHttpServer()).get('/events').set('x-user', 'ann').buffer();
      expect(text.match(/data: .*/g)).toEqual(Array(3).fill('data: ann -'));
    });
  });
});

describe('withContext', () => {
  const ann = { targetingKey: 'ann' };
  async function flagsOf(): Promise<[FlagService, () => Promise<string>]> {
    const flags = (await start('interceptor')).get(FlagService);
    return [flags, () => flags.getStringValue('who', '')];
  }
  async function collect(source: AsyncIterable<unknown>): Promise<unknown[]> {
    const seen: unknown[] = [];
    for await (const one of source) seen.push(one);
    return seen;
  }

  it('runs an asynchronous generator in its scope, until it ends or is left', async () => {
    const [flags, who] = await flagsOf();
    const ended: string[] = [];
    const generator = async function* () {
      try {
        for (let turn = 0; turn < 3; turn++) yield await who();
      } finally {
        ended.push(await who());
      }
    };
    expect(await collect(flags.withContext(ann, generator))).toEqual(Array(3).fill('ann -'));
    for await (const one of flags.withContext({ targetingKey: 'bob' }, generator)) {
      expect(one).toBe('bob -');
      break;
    }
    await flags
      .withContext({ targetingKey: 'cid' }, generator)
      .throw(new Error('stop'))
      .catch(() => undefined);
    expect(ended).toEqual(['ann -', 'bob -']);
    expect(await collect(await flags.withContext(ann, async () => generator()))).toEqual(
      Array(3).fill('ann -'),
    );
  });

  it('runs a generator in its scope, with what it is sent and returns', async () => {
    const [flags] = await flagsOf();
    const generator = flags.withContext(ann, function* (): Generator<unknown, unknown, unknown> {
      const sent = yield flags.context;
      return [sent, flags.context];
    });
    expect(generator.next()).toEqual({ done: false, value: ann });
    expect(flags.context).toEqual({});
    expect(generator.next('sent')).toEqual({ done: true, value: ['sent', ann] });
    const all = flags.withContext(ann, function* () {
      yield flags.context;
    });
    expect([...all]).toEqual([ann]);
  });

  it('subscribes to an observable in its scope', async () => {
    const [flags, who] = await flagsOf();
    const cold = flags.withContext(ann, () => of(1, 2).pipe(concatMap(who)));
    expect(await lastValueFrom(cold.pipe(toArray()))).toEqual(['ann -', 'ann -']);
    const subject = new BehaviorSubject(1);
    expect(flags.withContext(ann, () => subject)).toBe(subject);
  });

  it('reads a plain stream in its scope', async () => {
    const [flags, who] = await flagsOf();
    const source = async function* () {
      for (let turn = 0; turn < CHUNKS; turn++) yield { who: await who() };
    };
    const stream = flags.withContext(ann, () => Readable.from(source()));
    expect(await collect(stream)).toEqual(Array(CHUNKS).fill({ who: 'ann -' }));
  });

  it('returns everything else unchanged', async () => {
    const [flags] = await flagsOf();
    class Own extends Readable {}
    const read = Readable.from(['a']).on('data', () => undefined);
    for (const value of [undefined, null, 7, {}, [], new Map(), new Own(), read, () => 1]) {
      expect(flags.withContext(ann, () => value)).toBe(value);
    }
    await expect(flags.withContext(ann, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});

describe('@WithFlagContext', () => {
  it('keeps the scope of generators and observables, also behind an asynchronous function', async () => {
    const jobs = (await start('interceptor')).get(Jobs);
    for (const stream of [jobs.stream('ann'), jobs.lateStream('ann')]) {
      const seen = [];
      for await (const one of stream) seen.push(one);
      expect(seen).toEqual(Array(3).fill(['ann', 'ann -']));
    }
    const turns = jobs.turns('ann');
    expect([turns.next().value, turns.next('sent').value]).toEqual([['ann', 'ann'], 'sent ann']);
    expect(await firstValueFrom(jobs.observed('ann'))).toEqual(['ann', 'ann -']);
  });

  it('opens a scope for a method without its instance, and for one of the class', async () => {
    const app = await start('interceptor');
    const flags = app.get(FlagService);
    const ask = async () => [await flags.getStringValue('who', ''), flags.context];
    const expected = ['ann -', { targetingKey: 'ann', asks: 'function' }];
    // eslint-disable-next-line @typescript-eslint/unbound-method -- that is the case to be tested
    const { handedOn } = app.get(Jobs);
    expect(await handedOn('ann', ask)).toEqual(expected);
    expect(await Jobs.ofTheClass('ann', ask)).toEqual(expected);
    expect(await Jobs.ofTheClass.call(undefined as never, 'ann', ask)).toEqual(expected);
  });

  it('waits: withFlagContext ends after the limit, and logs one warning', async () => {
    const jobs = (await start('interceptor', undefined, { contextTimeout: 50 })).get(Jobs);
    expect([await jobs.hanging(), await jobs.hanging()]).toEqual(['nobody -', 'nobody -']);
    expect([jobs.garbage(), jobs.garbage()].length).toBe(2);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn @WithFlagContext on hanging: its function failed; the job runs without what it would have added. The function of @WithFlagContext did not finish within 50 ms.',
      'warn @WithFlagContext on garbage: its function failed; the job runs without what it would have added. It returned no object.',
    ]);
  });
});

import { Injectable, Logger, type Type } from '@nestjs/common';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import {
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  InjectFlags,
  WithFlagContext,
} from 'nestjs-flagship';
import { echoProvider } from '../fixtures/echo-provider';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';
import { useApp } from '../fixtures/use-app';
import { captureLog } from '../fixtures/captured-log';

interface Job {
  readonly user: string;
}

@Injectable()
class ReportService {
  constructor(private readonly flags: FlagService) {}
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- the scope knows whom it is for
  async who(_job?: unknown) {
    return [await this.flags.getStringValue('echo', ''), this.flags.context];
  }
  count(): Promise<string> {
    return this.flags.getStringValue('count', '');
  }
}

@Injectable()
class Jobs {
  readonly tag = 'jobs';
  static readonly ran: unknown[] = [];

  constructor(
    private readonly reports: ReportService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  @WithFlagContext((job: Job) => ({ targetingKey: job.user }))
  async process(job: Job, token: string) {
    await new Promise(setImmediate);
    return [job, token, this.tag, await this.reports.who(), await this.client.getStringValue('echo', '')];
  }

  @WithFlagContext(async (job: Job) => ({ targetingKey: await Promise.resolve(job.user) }))
  later(job: Job) {
    return this.reports.who(job);
  }

  @WithFlagContext()
  async twice() {
    return [await this.reports.count(), await this.reports.count()];
  }

  @WithFlagContext((job: Job | undefined) => ({ targetingKey: (job as Job).user }))
  broken(job?: Job) {
    return this.reports.who(job);
  }

  @WithFlagContext(() => Promise.reject(new Error('no tenant')))
  brokenLater() {
    return this.reports.who();
  }

  @WithFlagContext((job: Job) => ({ targetingKey: job.user }))
  fails(job: Job): never {
    throw new RangeError(job.user);
  }

  @Cron('0 0 1 1 *', { name: 'above' })
  @WithFlagContext(() => ({ targetingKey: 'cron above' }))
  async above(): Promise<void> {
    Jobs.ran.push((await this.reports.who())[0]);
  }

  @WithFlagContext(() => ({ targetingKey: 'cron below' }))
  @Cron('0 0 1 1 *', { name: 'below' })
  async below(): Promise<void> {
    Jobs.ran.push((await this.reports.who())[0]);
  }
}

const apps = useApp();
const cleanUp = useCleanup();
afterEach(async () => {
  Jobs.ran.length = 0;
});

async function start(options: FlagshipModuleOptions, ...providers: Type[]) {
  return apps.startContext({
    imports: [FlagshipModule.forRoot(options), ScheduleModule.forRoot()],
    providers: [Jobs, ReportService, ...providers],
  });
}

const eu = { context: { region: 'eu' } } as const;

it('runs each job in its own scope, with the context that the function makes of its arguments', async () => {
  const jobs = (await start({ provider: echoProvider().provider, ...eu })).get(Jobs);
  const users = ['ann', 'bob'];
  const seen = await Promise.all(users.map((user) => jobs.process({ user }, 'token')));
  expect(seen).toEqual(
    users.map((user) => [{ user }, 'token', 'jobs', [user, { region: 'eu', targetingKey: user }], user]),
  );
  expect(await jobs.later({ user: 'ann' })).toEqual(['ann', { region: 'eu', targetingKey: 'ann' }]);
});

it('evaluates a flag once per run, with the static context if there is no function', async () => {
  const { provider, asked } = echoProvider();
  const jobs = (await start({ provider, ...eu })).get(Jobs);
  expect(await jobs.twice()).toEqual(['count 1', 'count 1']);
  expect(await jobs.twice()).toEqual(['count 2', 'count 2']);
  expect(asked.map(({ context }) => context)).toEqual([{ region: 'eu' }, { region: 'eu' }]);
});

it('runs the job with the static context if the function fails, and logs one warning', async () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
  cleanUp(() => warn.mockRestore());
  const jobs = (await start({ provider: echoProvider().provider, ...eu })).get(Jobs);
  const expected = ['nobody', { region: 'eu' }];
  expect([await jobs.broken(), await jobs.broken()]).toEqual([expected, expected]);
  expect(warn).toHaveBeenCalledTimes(1);
  expect([await jobs.brokenLater(), await jobs.brokenLater()]).toEqual([expected, expected]);
  expect(warn).toHaveBeenCalledTimes(2);
  expect(warn.mock.calls[1]![0]).toContain('no tenant');
});

it('throws the error of a job', async () => {
  const jobs = (await start({ provider: echoProvider().provider })).get(Jobs);
  expect(() => jobs.fails({ user: 'ann' })).toThrow(RangeError);
});

it('keeps the metadata of a scheduler, in either order of the decorators', async () => {
  const app = await start({ provider: echoProvider().provider });
  await app.init();
  const registry = app.get(SchedulerRegistry);
  for (const name of ['above', 'below']) await registry.getCronJob(name).fireOnTick();
  await waitUntil(() => Jobs.ran.length >= 2, 'both jobs');
  expect(new Set(Jobs.ran)).toEqual(new Set(['cron above', 'cron below']));
});

it('keeps two applications of one process apart', async () => {
  const first = echoProvider();
  const second = echoProvider();
  const one = await start({ provider: first.provider, context: { app: 1 } });
  const two = await start({ provider: second.provider, context: { app: 2 } });
  expect(await one.get(Jobs).later({ user: 'ann' })).toEqual(['ann', { app: 1, targetingKey: 'ann' }]);
  expect(await two.get(Jobs).later({ user: 'bob' })).toEqual(['bob', { app: 2, targetingKey: 'bob' }]);
  expect([first.asked, second.asked].map((asked) => asked.length)).toEqual([1, 1]);
});

it('evaluates the flags of the domain that it names', async () => {
  @Injectable()
  class BillingJobs {
    constructor(@InjectFlags('billing') private readonly flags: FlagService) {}

    @WithFlagContext((job: Job) => ({ targetingKey: job.user }), { domain: 'billing' })
    async invoice(job: Job) {
      return [job.user, await this.flags.getStringValue('echo', ''), this.flags.context];
    }

    @WithFlagContext(undefined, { domain: 'billing' })
    static() {
      return this.flags.context;
    }
  }
  const app = await apps.startContext({
    imports: [
      FlagshipModule.forRoot({ provider: echoProvider().provider, domain: 'billing', context: { app: 1 } }),
    ],
    providers: [BillingJobs],
  });
  const context = { app: 1, targetingKey: 'ann' };
  expect(await app.get(BillingJobs).invoice({ user: 'ann' })).toEqual(['ann', 'ann', context]);
  expect(app.get(BillingJobs).static()).toEqual({ app: 1 });
});

it('calls the method of an instance that Nest has not made', async () => {
  const reports = { who: async () => ['without flags'] };
  const jobs = new Jobs(reports as never, undefined as never);
  expect(await jobs.later({ user: 'ann' })).toEqual(['without flags']);
});

it('runs in an application without the module, and logs nothing', async () => {
  const lines = captureLog();
  cleanUp(() => jest.restoreAllMocks());
  const app = await apps.startContext({ providers: [{ provide: 'jobs', useClass: LonelyJobs }] });
  expect(app.get<LonelyJobs>('jobs').run()).toBe('ran');
  expect(lines).toEqual([]);
});

@Injectable()
class LonelyJobs {
  @WithFlagContext()
  run(): string {
    return 'ran';
  }
}

it('throws while the class is defined if its argument is no function', () => {
  expect(() => WithFlagContext({ targetingKey: 'ann' } as never)).toThrow(
    '@WithFlagContext takes a function',
  );
  expect(() => WithFlagContext(undefined, { domian: 'x' } as never)).toThrow('no option "domian"');
});

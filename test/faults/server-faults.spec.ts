import { setImmediate } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../tools/waiting.cjs';
import { useLog } from '../fixtures/captured-log';
import { FAULTS, type FaultName, type FaultyServer } from '../fixtures/faulty-server';
import { activeResources, type ProcessWatch, watchProcess } from '../fixtures/process-watch';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

type Details = Awaited<ReturnType<FlagshipServerProvider['resolveBooleanEvaluation']>>;

jest.setTimeout(180_000);

const RETRIES = { retries: 1, retryDelay: 10 };
/** How long an evaluation may take where the server hangs: the time limit of each attempt is what ends it. */
const SHORT = 500;
/** Where the server fails at once, time must decide nothing, however busy the machine is. */
const LONG = 12_000;
/** Only tells a time limit that works from one that does not. */
const BOUND = 90_000;
const CROWD = 50;

interface Outcome {
  /** What an evaluation over HTTP answers; none when all is well. */
  readonly error?: string;
  /** What a download of definitions fails with; none when all is well. */
  readonly download?: RegExp;
  /** Whether only the time limit ends an attempt. */
  readonly hangs?: boolean;
}

const unreachable: Outcome = { error: 'GENERAL', download: /^(NETWORK_ERROR|TIMEOUT_ERROR|GENERAL)$/ };
const hanging: Outcome = { ...unreachable, hangs: true };
const unreadable: Outcome = { error: 'PARSE_ERROR', download: /^PARSE_ERROR$/ };
const tooMuch: Outcome = { error: 'PARSE_ERROR', download: /^(PARSE|TIMEOUT)_ERROR$/ };

const outcomes: Readonly<Record<FaultName, Outcome>> = {
  healthy: {},
  refuse: unreachable,
  'reset-after-accept': unreachable,
  'reset-mid-body': unreachable,
  'never-answer': hanging,
  'stall-after-headers': hanging,
  dribble: hanging,
  'http-500': unreachable,
  'http-429-seconds': unreachable,
  'http-429-date': unreachable,
  'html-503': unreachable,
  'truncated-json': unreadable,
  'huge-body': tooMuch,
  'compressed-bomb': tooMuch,
  'deep-answer': unreadable,
  'deep-value': { error: 'PARSE_ERROR' },
  'invalid-utf8': unreadable,
  'redirect-loop': unreachable,
  'redirect-elsewhere': unreachable,
  'length-too-short': unreadable,
  'length-too-long': unreachable,
  'close-after-answer': {},
  'tls-alert': unreachable,
  'tls-handshake': unreachable,
};
const commands = FAULTS.map((name) => [name, outcomes[name]] as const);

const clients: Readonly<Record<string, Partial<FlagshipProviderOptions>>> = {
  'the built-in client': {},
  'the global fetch': { fetch: (...args) => globalThis.fetch(...args) },
};

/** The lines of evaluations are asserted in other specs. */
const quiet = { error: String, warn: String, info: String, debug: String };

const right = { value: true, variant: 'fixed', reason: 'STATIC' };
const failed = (errorCode?: string) =>
  errorCode === undefined ? right : { value: false, reason: 'ERROR', errorCode };

const cleanUp = useCleanup();
const servers = useServer();
let server: FaultyServer;
let watch: ProcessWatch;
const log = useLog();
let provider: FlagshipServerProvider;
let before: Readonly<Record<string, number>>;

beforeEach(async () => {
  watch = watchProcess();
  cleanUp(() => watch.stop());
  server = await servers.startFaulty({ flag: true });
  before = activeResources();
});

const outOfDate = expect.stringMatching(/^warn Flags may be out of date: /) as unknown;

let users = 0;
/** Always another user, so that no question is like another. */
const ask = (): Promise<Details> =>
  provider.resolveBooleanEvaluation('flag', false, { targetingKey: `u${users++}` });
const askAll = (count: number): Promise<Details[]> => Promise.all(Array.from({ length: count }, ask));
/** Whether a whole crowd gets the right answer. On a busy machine a crowd may run out of a short time, and is asked again. */
const isRight = async (): Promise<boolean> =>
  (await askAll(CROWD)).every(
    ({ value, variant, reason }) => value && variant === right.variant && reason === right.reason,
  );

async function becomesWell(): Promise<void> {
  await server.settled;
  await waitUntil(isRight, 'all is well');
}

/** Evaluates right before and right after a command. Which of the evaluations meet it is not determined. */
async function askAround(command: FaultName): Promise<Details[]> {
  const first = askAll(CROWD / 2);
  await setImmediate();
  server.fault = command;
  const second = askAll(CROWD / 2);
  return within(
    BOUND,
    Promise.all([first, second]).then((both) => both.flat()),
  );
}

function expectEitherWay(answers: readonly Details[], error = 'none'): void {
  expect(answers).toHaveLength(CROWD);
  for (const { value, reason, errorCode = 'none' } of answers) {
    if (value) expect([reason, errorCode]).toEqual(['STATIC', 'none']);
    else expect([error, 'GENERAL']).toContain(errorCode);
  }
}

/** Closes with evaluations under way, and looks for what they have left behind. */
async function expectCleanEnd(isOurs: boolean): Promise<void> {
  const underWay = askAll(5);
  await setImmediate();
  await within(BOUND, provider.onClose());
  for (const { errorCode, value } of await within(BOUND, underWay))
    expect(errorCode !== undefined).toBe(!value);
  expect(await ask()).toMatchObject({ value: false, errorCode: 'PROVIDER_NOT_READY' });
  // Idle connections of the global fetch are its own.
  const left = () => (isOurs ? server.openConnections : server.waitingConnections);
  await waitUntil(() => left() === 0, 'the server sees its connections closed');
  const isTidy = () => {
    const { TCPSocketWrap: sockets = 0, ...now } = activeResources();
    const { TCPSocketWrap: had = 0 } = before;
    return (
      sockets - server.openConnections <= had &&
      Object.entries(now).every(([kind, count]) => count <= (before[kind] ?? 0))
    );
  };
  await waitUntil(isTidy, 'sockets and timers are gone');
  await setImmediate();
  expect(watch.problems).toEqual([]);
}

describe.each(Object.entries(clients))('with %s', (client, clientOptions) => {
  const isOurs = client === 'the built-in client';
  const open = (options: Partial<FlagshipProviderOptions>, { hangs = false }: Outcome = {}): void => {
    provider = new FlagshipServerProvider({
      endpoint: server.endpoint,
      ...RETRIES,
      timeout: hangs ? SHORT : LONG,
      ...clientOptions,
      ...options,
    });
    cleanUp(() => provider.onClose());
  };

  describe.each(['query', 'body'] as const)(
    'evaluation over HTTP (%s), the server commanded to',
    (transport) => {
      it.each(commands)('%s', async (fault, outcome) => {
        const { error } = outcome;
        open({ contextTransport: transport, circuitBreaker: false }, outcome);
        await provider.initialize();
        await becomesWell();

        expectEitherWay(await askAround(fault), error);
        expect(await within(BOUND, ask())).toMatchObject(failed(error));

        expectEitherWay(await askAround('healthy'), error);
        await becomesWell();
        expect(server.seenElsewhere).toEqual([]);

        server.fault = fault;
        await expectCleanEnd(isOurs);
      });
    },
  );

  describe('local evaluation, the server commanded to', () => {
    const local: Partial<FlagshipProviderOptions> = { localEvaluation: true, accountId: 'account' };
    const start = (): Promise<unknown> =>
      provider.initialize().then(
        () => undefined,
        (error: unknown) => error,
      );

    it.each(commands)('%s', async (fault, outcome) => {
      const { download } = outcome;
      open(local, outcome);
      server.fault = fault;
      const failure = (await within(BOUND, start())) as { code?: string } | undefined;
      expect(failure?.code ?? 'none').toMatch(download ?? /^none$/);
      const unready = download === undefined ? undefined : 'PROVIDER_NOT_READY';
      for (const details of await askAll(CROWD)) expect(details).toMatchObject(failed(unready));

      server.fault = 'healthy';
      await server.settled;
      await waitUntil(() => provider.refresh(), 'the definitions are downloaded');
      await becomesWell();

      server.flags = { flag: true, more: true };
      const refreshing = provider.refresh();
      server.fault = fault;
      const answers = await askAll(CROWD);
      await within(BOUND, refreshing);
      expect(await within(BOUND, provider.refresh())).toBe(download === undefined);
      for (const details of [...answers, ...(await askAll(CROWD))]) expect(details).toMatchObject(right);

      server.flags = { flag: true, more: 'news' };
      server.fault = 'healthy';
      await server.settled;
      await waitUntil(() => provider.refresh(), 'the definitions are fresh');
      const told = log.filter((line) => !line.includes('malformed'));
      expect(told).toEqual(download === undefined ? [] : [outOfDate, 'log Flags are up to date again.']);
      expect(await provider.resolveStringEvaluation('more', '', {})).toMatchObject({ value: 'news' });
      expect(server.seenElsewhere).toEqual([]);

      server.fault = fault;
      void provider.refresh();
      await expectCleanEnd(isOurs);
    });

    it('keeps a value that is nested too deep from spoiling others', async () => {
      open(local);
      server.fault = 'deep-value';
      expect(await start()).toBeUndefined();
      const deep = await provider.resolveObjectEvaluation('deep', { mine: true }, {});
      if (deep.errorCode === undefined) expect(Array.isArray(deep.value)).toBe(true);
      else expect(deep).toMatchObject({ value: { mine: true }, errorCode: 'PARSE_ERROR' });
      expect(await ask()).toMatchObject(right);
    });
  });

  it.each([0, 60_000])(
    'a value nested 200,000 levels deep is an answer or none (cacheTtl: %i)',
    async (cacheTtl) => {
      open({ cacheTtl, logging: true });
      server.fault = 'deep-value';
      for (let index = 0; index < 3; index++) {
        const details = await provider.resolveObjectEvaluation('flag', { mine: true }, {}, quiet);
        if (details.errorCode === undefined) expect(Array.isArray(details.value)).toBe(true);
        else expect(details).toMatchObject({ value: { mine: true }, errorCode: 'PARSE_ERROR' });
      }
    },
  );

  it.each([
    ['an evaluation', {}, 'GENERAL'],
    ['local evaluation', { localEvaluation: true, accountId: 'account' }, 'PROVIDER_NOT_READY'],
  ])('TLS where the server speaks plain HTTP fails %s in time', async (_, options, errorCode) => {
    open({ ...options, endpoint: server.endpoint.replace('http:', 'https:') });
    await within(
      BOUND,
      provider.initialize().catch(() => undefined),
    );
    for (const details of await within(BOUND, askAll(CROWD)))
      expect(details).toMatchObject(failed(errorCode));
    await expectCleanEnd(isOurs);
  });
});

it('the watch for problems that no caller sees notices a warning', async () => {
  provider = new FlagshipServerProvider({ definitions: {} });
  const realProcess = runInThisContext('process') as NodeJS.Process;
  // Node's own listener prints each warning.
  const print = realProcess.listeners('warning').find(({ name }) => name === 'onWarning');
  if (print !== undefined) realProcess.off('warning', print);
  process.emitWarning('mind the gap');
  await waitUntil(() => watch.problems.length > 0, 'a warning');
  if (print !== undefined) realProcess.on('warning', print);
  expect(watch.problems.join()).toContain('mind the gap');
});

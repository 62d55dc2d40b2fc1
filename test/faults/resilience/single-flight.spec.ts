import { type BindingDetails, type FlagshipBinding, FlagshipServerProvider } from 'nestjs-flagship';
import { within } from '../../../tools/waiting.cjs';
import {
  answer,
  askFlag,
  type HeldAnswers,
  holdAnswers,
  openProviders,
  times,
} from '../../fixtures/open-providers';
import { type ScriptedAnswer, type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';

const CROWD = 1000;

const servers = useServer();
let server: ScriptedServer;
let answers: HeldAnswers;
const open = openProviders(() => server);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));
beforeEach(() => {
  answers = holdAnswers();
  server.script(answers.hold);
});

/** The same attributes, each time in another order. */
const contexts = [
  { targetingKey: 'u', plan: 'pro', seats: 3 },
  { seats: 3, plan: 'pro', targetingKey: 'u' },
  { plan: 'pro', targetingKey: 'u', seats: 3 },
];
const contextOf = (index: number) => contexts[index % contexts.length]!;

describe.each([0, 60_000])('a thousand equal evaluations at once (cacheTtl: %i)', (cacheTtl) => {
  const askAll = (provider: FlagshipServerProvider) =>
    times(CROWD, (index) => provider.resolveNumberEvaluation('flag', -index, contextOf(index)));

  it('are one request, whatever the order of the attributes', async () => {
    const provider = open({ cacheTtl });
    const waiting = askAll(provider);
    await server.received(1);
    answers.give(answer(42));
    for (const details of await Promise.all(waiting))
      expect(details).toMatchObject({ value: 42, variant: 'on', reason: 'STATIC' });
    expect(server.requests).toHaveLength(1);
    expect(provider.stats()).toMatchObject({ evaluations: CROWD, shared: CROWD - 1 });
  });

  it.each([
    ['the flag is switched off', answer(42, 'DISABLED'), 'DISABLED'],
    ['there is no such flag', { status: 404 }, 'ERROR'],
    ['the type is another', answer('text'), 'ERROR'],
    ['Flagship fails', { status: 500 }, 'ERROR'],
  ])('leave each its own default when %s', async (_, said, reason) => {
    const waiting = askAll(open({ cacheTtl }));
    await server.received(1);
    answers.give(said);
    const details = await Promise.all(waiting);
    expect(details.map(({ value }) => -value)).toEqual(times(CROWD, (index) => index));
    expect(new Set(details.map((each) => each.reason))).toEqual(new Set([reason]));
    expect(server.requests).toHaveLength(1);
  });

  it('each get an object of their own', async () => {
    const provider = open({ cacheTtl });
    const waiting = times(100, (index) =>
      provider.resolveObjectEvaluation('flag', { list: [] as number[] }, contextOf(index)),
    );
    await server.received(1);
    answers.give(answer({ list: [1] }));
    for (const { value } of await Promise.all(waiting)) {
      expect(value).toEqual({ list: [1] });
      value.list.push(2);
    }
    server.script(answer({ list: [1] }));
    const later = await provider.resolveObjectEvaluation('flag', { list: [] }, contextOf(0));
    expect(later.value).toEqual({ list: [1] });
  });
});

it('an evaluation of another flag, type or context makes its own request', async () => {
  const provider = open();
  const waiting = [
    provider.resolveStringEvaluation('flag', '', { a: 1 }),
    provider.resolveStringEvaluation('other', '', { a: 1 }),
    provider.resolveObjectEvaluation('flag', {}, { a: 1 }),
    provider.resolveStringEvaluation('flag', '', { a: 2 }),
    provider.resolveStringEvaluation('flag', '', { a: '1' }),
    provider.resolveStringEvaluation('flag', '', { a: 1, b: 1 }),
    provider.resolveStringEvaluation('flag', '', {}),
  ];
  await server.received(waiting.length);
  waiting.forEach(() => answers.give(answer('x')));
  await Promise.all(waiting);
  expect(server.requests).toHaveLength(waiting.length);
});

it('changing a context during an evaluation does not change for which context it is answered', async () => {
  const provider = open();
  const context: Record<string, string> = { targetingKey: 'u' };
  const first = askFlag(provider, context);
  context.targetingKey = 'v';
  const second = askFlag(provider, context);
  await server.received(2);
  expect(
    server.requests.map(({ url }) => new URL(url, 'http://host').searchParams.get('targetingKey')),
  ).toEqual(['u', 'v']);
  for (const value of [true, false]) answers.give(answer(value));
  expect([(await first).value, (await second).value]).toEqual([true, false]);
});

describe('when the shared request', () => {
  const faults: readonly (readonly [string, ScriptedAnswer])[] = [
    ['is answered 500', { status: 500 }],
    ['is never answered', () => undefined],
    ['is cut off', (response) => void response.destroy()],
    ['gets a page', { body: '<html>' }],
    ['is refused', { status: 401 }],
  ];
  it.each(faults)(
    '%s, all evaluations fail with it, and the next one makes a new request',
    async (_, fault) => {
      server.script(fault);
      // Long enough for the answer that comes at last, on a busy machine as well.
      const provider = open({ cacheTtl: 60_000, timeout: 2000 });
      const failed = await within(30_000, Promise.all(times(100, () => askFlag(provider))));
      for (const details of failed) expect(details).toMatchObject({ value: false, reason: 'ERROR' });
      expect(server.requests).toHaveLength(1);

      server.script(answer(true));
      expect(await askFlag(provider)).toMatchObject({ value: true, reason: 'STATIC' });
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each([0, 60_000])(
    'is ended by closing, all evaluations end at once, and the reopened provider makes a new request (cacheTtl: %i)',
    async (cacheTtl) => {
      const provider = open({ cacheTtl });
      await provider.initialize();
      const waiting = Promise.all(times(100, () => askFlag(provider)));
      await server.received(1);
      await provider.onClose();
      for (const details of await within(30_000, waiting))
        expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });

      await provider.initialize();
      const again = askFlag(provider);
      await server.received(2);
      answers.give(answer(false));
      answers.give(answer(true));
      expect(await again).toMatchObject({ value: true, reason: 'STATIC' });
    },
  );
});

it('an evaluation from before closing is neither joined nor cached after reopening', async () => {
  const calls: ((details: BindingDetails) => void)[] = [];
  const ask = () => new Promise<BindingDetails>((resolve) => void calls.push(resolve));
  const binding: FlagshipBinding = {
    getBooleanDetails: ask,
    getStringDetails: ask,
    getNumberDetails: ask,
    getObjectDetails: ask,
  };
  const provider = new FlagshipServerProvider({ binding, cacheTtl: 60_000 });
  const old = askFlag(provider);
  await provider.onClose();
  await provider.initialize();
  const fresh = askFlag(provider);
  expect(calls).toHaveLength(2);
  calls[1]?.({ value: true });
  expect((await fresh).value).toBe(true);
  calls[0]?.({ value: false });
  await old;
  expect(await askFlag(provider)).toMatchObject({ value: true, reason: 'CACHED' });
  await provider.onClose();
});

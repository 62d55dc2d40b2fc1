import { FlagshipServerProvider } from 'nestjs-flagship';
import { within } from '../../tools/waiting.cjs';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

type Options = ConstructorParameters<typeof FlagshipServerProvider>[0];

const good = { body: { flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' } };
const never = () => undefined;
/** Less than any time limit or pause below: it only tells what ends early from what does not. */
const AT_ONCE = 20_000;

describe('closing the provider', () => {
  const servers = useServer();
  const cleanUp = useCleanup();
  let server: ScriptedServer;
  let provider: FlagshipServerProvider;

  beforeEach(async () => {
    server = await servers.start(good);
    provider = open();
  });

  function open(options: Partial<Options> = {}): FlagshipServerProvider {
    const opened = new FlagshipServerProvider({
      endpoint: `${server.url}/evaluate`,
      timeout: 60_000,
      retries: 5,
      retryDelay: 30_000,
      cacheTtl: 60_000,
      ...options,
    });
    cleanUp(() => opened.onClose());
    return opened;
  }
  const ask = (targetingKey = 'u') => provider.resolveBooleanEvaluation('flag', false, { targetingKey });

  async function closeAndSettle(answers: readonly Promise<unknown>[]): Promise<unknown[]> {
    const closed = provider.onClose().then(() => Promise.all(answers));
    return within(AT_ONCE, closed);
  }

  const clients: readonly (readonly [string, Partial<Options>])[] = [
    ['the built-in client', {}],
    ['a fetch', { fetch: (...args) => globalThis.fetch(...args) }],
  ];
  describe.each(clients)('with %s', (_, client) => {
    beforeEach(() => {
      provider = open(client);
    });

    it('settles requests under way', async () => {
      server.script(never);
      const answers = Array.from({ length: 20 }, (_, index) => ask(`u${index}`));
      await server.received(20);
      const settled = await closeAndSettle(answers);
      for (const details of settled) {
        expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
      }
    });

    it('settles requests that wait for a connection', async () => {
      server.script(never);
      const answers = Array.from({ length: 300 }, (_, index) => ask(`u${index}`));
      await server.received(1);
      await closeAndSettle(answers);
    });

    it('settles requests that have not even started', async () => {
      await closeAndSettle([ask()]);
    });

    it('settles bodies under way', async () => {
      server.script((response) => void response.write('{"flagKey":'));
      const answers = [ask()];
      await server.received(1);
      await closeAndSettle(answers);
    });
  });

  it('ends the pause before a repetition', async () => {
    let answered: () => void = never;
    const paused = new Promise<void>((resolve) => (answered = resolve));
    provider = open({
      fetch: async () => {
        setImmediate(answered);
        return new Response(null, { status: 503 });
      },
    });
    const answers = [ask()];
    await paused;
    const [details] = await closeAndSettle(answers);
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
  });

  it('does not wait for a headersFactory', async () => {
    provider = open({ headersFactory: () => new Promise(never) });
    const [details] = await closeAndSettle([ask()]);
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
    expect(server.requests).toHaveLength(0);
  });

  it('sends nothing once headers arrive too late', async () => {
    let deliver: (headers: Record<string, string>) => void = never;
    provider = open({ headersFactory: () => new Promise((resolve) => (deliver = resolve)) });
    const answer = ask();
    await Promise.resolve();
    await provider.onClose();
    await provider.initialize();
    deliver({ authorization: 'late' });
    expect(await answer).toMatchObject({ value: false, reason: 'ERROR' });
    expect(server.requests).toHaveLength(0);
  });

  it('empties the cache and keeps it empty', async () => {
    expect(await ask()).toMatchObject({ reason: 'STATIC' });
    expect(await ask()).toMatchObject({ reason: 'CACHED' });
    server.script(never);
    const late = ask('late');
    await server.received(1);
    await provider.onClose();
    await late;
    server.script(good);
    await provider.initialize();
    expect(await ask()).toMatchObject({ reason: 'STATIC' });
    expect(await ask('late')).toMatchObject({ reason: 'STATIC' });
  });

  it('refuses evaluations until it is opened again', async () => {
    await ask();
    await provider.onClose();
    server.script(good);
    expect(await ask()).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' });
    expect(server.requests).toHaveLength(0);
    await provider.initialize();
    expect(await ask()).toMatchObject({ value: true, reason: 'STATIC' });
  });

  it('may be done twice, before opening, and opening twice too', async () => {
    await provider.onClose();
    await provider.onClose();
    await provider.initialize();
    await provider.initialize();
    expect(await ask()).toMatchObject({ value: true });
    await Promise.all([provider.onClose(), provider.onClose()]);
  });

  it('ends what was under way even when it is opened again in the same breath', async () => {
    provider = open({ retryDelay: 0 });
    server.script(never, good);
    const answer = ask();
    await server.received(1);
    const closing = provider.onClose();
    const opening = provider.initialize();
    expect(await answer).toMatchObject({ value: false, reason: 'ERROR' });
    await Promise.all([closing, opening]);
    expect(server.requests).toHaveLength(1);
    expect(await ask()).toMatchObject({ value: true, reason: 'STATIC' });
  });
});

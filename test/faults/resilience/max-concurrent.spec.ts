import { within } from '../../../tools/waiting.cjs';
import { answer, askFlag, askNew, holdAnswers, openProviders, times } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';

const LONG = 60_000;
/** Only tells a refusal from a wait. */
const AT_ONCE = 30_000;

const servers = useServer();
let server: ScriptedServer;
const open = openProviders(() => server);

beforeAll(async () => (server = await servers.start()));

describe('maxConcurrent', () => {
  it('answers evaluations beyond it with the default at once, and is named in the message', async () => {
    const { hold, give } = holdAnswers();
    server.script(hold);
    const provider = open({ maxConcurrent: 3, timeout: LONG });
    const waiting = times(3, (index) => askFlag(provider, { targetingKey: `u${index}` }));
    await server.received(3);
    for (const details of await within(AT_ONCE, Promise.all(times(100, () => askNew(provider))))) {
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
      expect(details.errorMessage).toMatch(/^3 .*"maxConcurrent"/);
    }
    const joined = times(3, (index) => askFlag(provider, { targetingKey: `u${index}` }));
    expect(server.requests).toHaveLength(3);
    for (let index = 0; index < 3; index++) give(answer(true));
    for (const details of await Promise.all([...waiting, ...joined])) expect(details.value).toBe(true);

    server.script(answer(true));
    expect(await askNew(provider)).toMatchObject({ value: true });
  });

  it('frees a place after a failure and after closing', async () => {
    server.script({ status: 500 });
    const provider = open({ maxConcurrent: 1, timeout: LONG, circuitBreaker: false });
    for (let round = 0; round < 5; round++) expect((await askNew(provider)).errorMessage).toMatch(/HTTP 500/);
    server.script(() => undefined);
    const hanging = askNew(provider);
    await server.received(1);
    await provider.onClose();
    await provider.initialize();
    await hanging;
    server.script(answer(true));
    for (let round = 0; round < 3; round++) expect(await askNew(provider)).toMatchObject({ value: true });
  });

  it('is not counted by the circuit breaker', async () => {
    const { hold, give } = holdAnswers();
    server.script(hold);
    const provider = open({ maxConcurrent: 1, timeout: LONG, circuitBreaker: { threshold: 1 } });
    const waiting = askNew(provider);
    await server.received(1);
    for (let round = 0; round < 5; round++) await askNew(provider);
    expect(provider.stats().circuit?.state).toBe('closed');
    give(answer(true));
    await waiting;
  });
});

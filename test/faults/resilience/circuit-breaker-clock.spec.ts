import { type FlagshipServerProvider } from 'nestjs-flagship';
import { captureOutput } from '../../fixtures/captured-output';
import { answer, askNew, holdAnswers, openProviders } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';

const HOUR = 3_600_000;
const DEADLINE = 60_000;
const servers = useServer();
let server: ScriptedServer;
const open = openProviders(() => server);
captureOutput();

beforeAll(async () => (server = await servers.start()));

const stateOf = (provider: FlagshipServerProvider) => provider.stats().circuit?.state;

/** How wrong the two clocks are, in milliseconds. */
const wrong = { day: 0, running: 0 };
beforeEach(() => {
  Object.assign(wrong, { day: 0, running: 0 });
  const [day, running] = [Date.now.bind(Date), performance.now.bind(performance)];
  jest.spyOn(Date, 'now').mockImplementation(() => day() + wrong.day);
  jest.spyOn(performance, 'now').mockImplementation(() => running() + wrong.running);
});

async function openBroken(): Promise<FlagshipServerProvider> {
  server.script({ status: 500 });
  const provider = open({ circuitBreaker: { threshold: 1, halfOpenAfter: 10_000 }, deadline: DEADLINE });
  await askNew(provider);
  expect(stateOf(provider)).toBe('open');
  return provider;
}

describe('the circuit breaker', () => {
  it.each([-HOUR, -20_000, HOUR])(
    'does not count a wall clock that is set by %i ms as time that has passed',
    async (by) => {
      const provider = await openBroken();
      wrong.day = by;
      server.script(answer(true));
      expect((await askNew(provider)).errorMessage).toMatch(/circuit to Flagship is open/);
      wrong.running = 10_000;
      expect(await askNew(provider)).toMatchObject({ value: true });
      expect(stateOf(provider)).toBe('closed');
    },
  );

  it('tries again when a trial has not ended after twice the deadline, which only a lost one exceeds', async () => {
    const provider = await openBroken();
    const { hold, held, give } = holdAnswers();
    server.script(hold, answer(true));
    wrong.running = 10_000;
    const lost = askNew(provider);
    await server.received(1);
    wrong.running += 2 * DEADLINE - 20_000;
    expect((await askNew(provider)).errorMessage).toMatch(/circuit to Flagship is open/);
    expect(stateOf(provider)).toBe('half-open');
    wrong.running += 30_000;
    expect(await askNew(provider)).toMatchObject({ value: true });
    expect(stateOf(provider)).toBe('closed');
    give({ status: 500 });
    await lost;
    expect(held).toEqual([]);
    expect(stateOf(provider)).toBe('closed');
  });

  it('tries again after each pause, however the wall clock is set', async () => {
    const provider = await openBroken();
    for (let round = 2; round < 6; round++) {
      wrong.day -= HOUR;
      wrong.running += 10_000;
      await askNew(provider);
      await askNew(provider);
      expect(server.requests).toHaveLength(round);
    }
  });
});

import { RefreshTimer } from './refresh-timer';

function enabled(...args: ConstructorParameters<typeof RefreshTimer>): RefreshTimer {
  const timer = new RefreshTimer(...args);
  timer.enable();
  return timer;
}

describe('RefreshTimer', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  /** The pauses that a timer makes before each of so many refreshes. */
  function pauses(interval: number, hasFlags: boolean, count: number): number[] {
    const seen: number[] = [];
    let start = Date.now();
    const timer = enabled(interval, () => {
      seen.push(Date.now() - start);
      start = Date.now();
      if (seen.length < count) timer.schedule(hasFlags);
    });
    timer.schedule(hasFlags);
    jest.runAllTimers();
    return seen;
  }

  it('waits for the interval, up to 10 % shorter or longer, evenly spread', () => {
    const seen = pauses(30_000, true, 2000);
    expect(seen).toHaveLength(2000);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(27_000);
    expect(Math.max(...seen)).toBeLessThanOrEqual(33_000);
    const tenths = Array.from({ length: 10 }, (_, tenth) =>
      seen.filter((pause) => Math.floor((pause - 27_000) / 600.1) === tenth),
    );
    for (const tenth of tenths) expect(tenth.length).toBeGreaterThan(100);
  });

  it.each([
    [0, 27_000],
    [0.5, 30_000],
    [1 - Number.EPSILON, 33_000],
  ])('waits, for the random number %p, %i ms', (random, pause) => {
    jest.spyOn(Math, 'random').mockReturnValue(random);
    expect(Math.abs((pauses(30_000, true, 1)[0] ?? 0) - pause)).toBeLessThanOrEqual(1);
  });

  it('begins with short pauses where there are no flags; they double up to the interval', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    expect(pauses(30_000, false, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('never waits longer than the interval', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    expect(pauses(300, false, 3)).toEqual([300, 300, 300]);
  });

  it('begins with short pauses again after a success', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const refresh = jest.fn();
    const timer = enabled(30_000, refresh);
    for (let failure = 0; failure < 4; failure++) timer.schedule(false);
    timer.schedule(true);
    timer.schedule(false);
    jest.advanceTimersByTime(999);
    expect(refresh).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('has one pause at a time, and none once stopped', () => {
    const refresh = jest.fn();
    const timer = enabled(1000, refresh);
    for (let round = 0; round < 3; round++) timer.schedule(true);
    expect(jest.getTimerCount()).toBe(1);
    timer.stop();
    expect(jest.getTimerCount()).toBe(0);
    timer.stop();
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('unforeseen');
      },
    ],
    ['rejects', () => Promise.reject(new Error('unforeseen'))],
  ])('goes on after a refresh that %s', async (_, fail) => {
    const refresh = jest.fn(fail);
    const timer = enabled(1000, refresh);
    timer.schedule(true);
    await jest.advanceTimersByTimeAsync(5500);
    expect(refresh.mock.calls.length).toBeGreaterThanOrEqual(4);
    timer.stop();
  });

  it('does not keep the process alive', () => {
    const timeout = jest.spyOn(globalThis, 'setTimeout');
    enabled(1000, () => undefined).schedule(true);
    const [made] = timeout.mock.results;
    expect((made?.value as NodeJS.Timeout).hasRef()).toBe(false);
  });

  it.each([1, 1.5, 1_900_000_000])('fits a timer: %p ms', (interval) => {
    jest.spyOn(Math, 'random').mockReturnValue(1 - Number.EPSILON);
    expect(pauses(interval, true, 1)[0]).toBeGreaterThanOrEqual(Math.floor(interval));
  });

  it.each([
    ['with flags', true, 1000],
    ['without flags', false, 500],
  ])('postpones what is scheduled %s before it is enabled', (_, hasFlags, pauseMs) => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const refresh = jest.fn();
    const timer = new RefreshTimer(hasFlags ? 1000 : 500, refresh);
    timer.schedule(hasFlags);
    jest.advanceTimersByTime(10_000);
    expect(jest.getTimerCount()).toBe(0);
    timer.enable();
    jest.advanceTimersByTime(pauseMs);
    expect(refresh).toHaveBeenCalledTimes(1);
    timer.schedule(true);
    timer.disable();
    timer.schedule(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('schedules nothing when it is enabled after a stop', () => {
    const timer = new RefreshTimer(1000, jest.fn());
    timer.schedule(true);
    timer.stop();
    timer.enable();
    expect(jest.getTimerCount()).toBe(0);
  });
});

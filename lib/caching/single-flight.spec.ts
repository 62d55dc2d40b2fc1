import { useFakeTime } from '../../test/fixtures/fake-time';
import { cacheKey } from './memory-cache';
import { SingleFlight } from './single-flight';

const MAX_MS = 1000;
const context = { targetingKey: 'ada' };
const key = cacheKey('flag', 'string', context);
const stopTime = useFakeTime();
const never = (): Promise<string> => new Promise(() => undefined);

/**
 * Returns the promise of a request that has ended on Cloudflare Workers: `workerd` runs no reaction that this request
 * has added, the first one, and rejects for those of other requests.
 */
function abandoned(): Promise<string> {
  const promise = Promise.reject<string>(new Error('created by a request that has ended'));
  const then = promise.then.bind(promise);
  let reactions = 0;
  promise.then = (...handlers: never[]) => (++reactions === 1 ? never() : then(...handlers)) as never;
  return promise;
}

describe('a call that is shared', () => {
  it('serves those who join it', async () => {
    const flights = new SingleFlight<string>(MAX_MS);
    const first = flights.start(key, Promise.resolve('one'));
    const second = flights.join(key, context, () => 'another');
    expect(await Promise.all([first, second])).toEqual(['one', 'one']);
    expect(flights.join(key, context, () => 'another')).toBeUndefined();
    expect(flights.isFull(1)).toBe(false);
  });

  it('fails for those who join it when it fails', async () => {
    const flights = new SingleFlight<string>(MAX_MS);
    const first = flights.start(key, Promise.reject(new Error('no')));
    const second = flights.join(key, context, () => 'another');
    await expect(first).rejects.toThrow('no');
    await expect(second).rejects.toThrow('no');
    expect(flights.isFull(1)).toBe(false);
  });

  it('is replaced when the request that started it has ended', async () => {
    const flights = new SingleFlight<string>(MAX_MS);
    void flights.start(key, abandoned());
    expect(flights.isFull(1)).toBe(true);
    const restart = jest.fn(
      () => flights.join(key, context, never) ?? flights.start(key, Promise.resolve('two')),
    );
    const second = flights.join(key, context, restart);
    const third = flights.join(key, context, restart);
    expect([await second, await third]).toEqual(['two', 'two']);
    expect(restart).toHaveBeenCalledTimes(2);
    expect(flights.join(key, context, restart)).toBeUndefined();
    expect(flights.isFull(1)).toBe(false);
  });

  it('is joined no longer than an evaluation can take, and not counted either', () => {
    const flights = new SingleFlight<string>(MAX_MS);
    const time = stopTime();
    void flights.start(key, never());
    jest.advanceTimersByTime(MAX_MS);
    expect(flights.join(key, context, never)).toBeInstanceOf(Promise);
    expect(flights.isFull(1)).toBe(true);
    jest.advanceTimersByTime(1);
    expect(flights.isFull(1)).toBe(false);
    expect(flights.join(key, context, never)).toBeUndefined();
    time.end();
  });

  it('is forgotten with its context when later ones start', () => {
    const flights = new SingleFlight<string>(MAX_MS);
    stopTime();
    for (const plan of ['one', 'two', 'three']) {
      void flights.start(cacheKey('flag', 'string', { plan }), never());
      jest.advanceTimersByTime(MAX_MS + 1);
    }
    const { calls, joinable } = flights as unknown as Record<'calls' | 'joinable', { size: number }>;
    expect([calls.size, joinable.size]).toEqual([1, 1]);
  });

  it('does not end a later one with the same key when it settles late', async () => {
    const flights = new SingleFlight<string>(MAX_MS);
    stopTime();
    let settle = (): void => undefined;
    const late = new Promise<string>((resolve) => (settle = () => resolve('late')));
    void flights.start(key, late);
    jest.advanceTimersByTime(MAX_MS + 1);
    expect(flights.join(key, context, never)).toBeUndefined();
    void flights.start(key, never());
    settle();
    await late;
    expect(flights.join(key, context, never)).toBeInstanceOf(Promise);
    expect(flights.isFull(1)).toBe(true);
  });
});

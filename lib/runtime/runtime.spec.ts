import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { callSafely, detached, withTimeLimit } from '.';

describe('limited', () => {
  it('waits for the limit once more when a blocked event loop kept the work from starting', async () => {
    const work = () => new Promise((resolve) => setImmediate(() => setTimeout(resolve, 5, 'done')));
    const result = withTimeLimit('contextFactory', work, 100);
    const end = performance.now() + 300;
    while (performance.now() < end);
    expect(await result).toBe('done');
  });

  it('resolves with what the work resolves with', async () => {
    await expect(withTimeLimit('contextFactory', Promise.resolve(1), 1000)).resolves.toBe(1);
    await expect(withTimeLimit('contextFactory', () => 2, 1000)).resolves.toBe(2);
  });

  it('rejects with what the work throws or rejects with', async () => {
    const failure = new Error('no');
    const work = (): never => {
      throw failure;
    };
    await expect(withTimeLimit('contextFactory', work, 1000)).rejects.toBe(failure);
    await expect(withTimeLimit('contextFactory', Promise.reject(failure), 1000)).rejects.toBe(failure);
  });

  it('names the wait and the limit when the work takes too long', async () => {
    const never = new Promise<void>(() => undefined);
    await expect(withTimeLimit('contextFactory', never, 5)).rejects.toThrow(
      'The option "contextFactory" did not finish within 5 ms.',
    );
  });

  it('counts a result as in time that arrived while the event loop was blocked', async () => {
    const work = new Promise((resolve) => setTimeout(resolve, 2, 'in time'));
    const waiting = withTimeLimit('contextFactory', work, 5);
    const busyUntil = performance.now() + 30;
    while (performance.now() < busyUntil);
    await expect(waiting).resolves.toBe('in time');
  });

  it('ends with the reason of its signal, and leaves no listener behind', async () => {
    const controller = new AbortController();
    const never = new Promise<void>(() => undefined);
    const waiting = withTimeLimit('contextFactory', never, 60_000, { signal: controller.signal });
    controller.abort(new Error('closed'));
    await expect(waiting).rejects.toThrow('closed');
  });
});

describe('detached', () => {
  it('runs outside of every AsyncLocalStorage, timers and promises that it starts included', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = await storage.run('request', () =>
      detached(async () => {
        const now = storage.getStore();
        await delay(1);
        return [now, storage.getStore()];
      }),
    );
    expect(seen).toEqual([undefined, undefined]);
    expect(storage.run('request', () => [detached(() => 1), storage.getStore()])).toEqual([1, 'request']);
  });
});

describe('callSafely', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'returns a broken thenable',
      () => ({
        get then(): never {
          throw new Error('no');
        },
      }),
    ],
  ])('reports a function that %s', async (_, call) => {
    const reported: unknown[] = [];
    callSafely(call, (error) => reported.push(error));
    await delay(1);
    expect(reported).toEqual([new Error('no')]);
  });

  it('ignores a report that throws', () => {
    expect(() => {
      callSafely(
        () => {
          throw new Error('no');
        },
        () => {
          throw new Error('neither');
        },
      );
    }).not.toThrow();
  });
});

import { LoadQueue } from './load-queue';

/**
 * Returns a promise of a request that has ended on Cloudflare Workers: `workerd` rejects it for the other requests that
 * wait for it.
 */
const abandoned = (): Promise<never> => Promise.reject(new Error('created by a request that has ended'));

describe('a queue of loads', () => {
  it('begins a load after the one under way, and shares the one that waits', async () => {
    const steps: string[] = [];
    let number = 0;
    const queue = new LoadQueue(async () => {
      const own = ++number;
      steps.push(`begin ${own}`);
      await new Promise(setImmediate);
      steps.push(`end ${own}`);
      return own;
    });
    const first = queue.request(true);
    await Promise.resolve();
    expect(await Promise.all([first, queue.request(true), queue.request(true)])).toEqual([1, 2, 2]);
    expect(steps).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('is cheap only if all that share a load allow it', async () => {
    const queue = new LoadQueue((allowsCached) => Promise.resolve(allowsCached));
    expect(await Promise.all([queue.request(true), queue.request(true)])).toEqual([true, true]);
    expect(await Promise.all([queue.request(true), queue.request(false)])).toEqual([false, false]);
  });

  it('goes on after a load whose request has ended', async () => {
    const loads = [abandoned, () => Promise.resolve('second'), () => Promise.resolve('third')];
    const queue = new LoadQueue(() => (loads.shift() as () => Promise<string>)());
    await expect(queue.request(true)).rejects.toThrow('has ended');
    expect(await queue.request(true)).toBe('second');
    expect(await queue.request(true)).toBe('third');
  });

  it('replaces a load that waited when its request ended', async () => {
    const queue = new LoadQueue(() => Promise.resolve('loaded'));
    const begin = jest.spyOn(queue as unknown as { begin: () => Promise<string> }, 'begin');
    begin.mockImplementationOnce(abandoned);
    const waiting = queue.request(true);
    const joined = [queue.request(true), queue.request(true)];
    await expect(waiting).rejects.toThrow('has ended');
    expect(await Promise.all(joined)).toEqual(['loaded', 'loaded']);
    expect(begin).toHaveBeenCalledTimes(2);
  });
});

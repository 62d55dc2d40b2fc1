import { Logger } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { CleanupStack } from './cleanup-stack';

describe('Lifetime', () => {
  let warnings: unknown[];
  beforeEach(() => {
    warnings = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warnings.push(line));
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('gives everything back once, the last taken first', async () => {
    const lifetime = CleanupStack.of(new ModulesContainer());
    const given: number[] = [];
    for (const nth of [1, 2, 3]) lifetime.defer(() => given.push(nth));
    await Promise.all([lifetime.dispose(), lifetime.dispose()]);
    expect(given).toEqual([3, 2, 1]);
    lifetime.defer(() => given.push(4));
    expect(given).toEqual([3, 2, 1, 4]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('gives back the rest when a release %s, and tells of it', async (_, release) => {
    const lifetime = CleanupStack.of(new ModulesContainer());
    const given: number[] = [];
    for (const nth of [1, 2]) {
      lifetime.defer(() => given.push(nth));
      lifetime.defer(release);
    }
    await lifetime.dispose();
    expect(given).toEqual([2, 1]);
    expect(warnings).toEqual(Array(2).fill('The module did not close as it should. no'));
    lifetime.defer(release);
    await new Promise(setImmediate);
    expect(warnings).toHaveLength(3);
  });

  it('gives back the rest at once when a release hangs, and ends after 10 s', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    const lifetime = CleanupStack.of(new ModulesContainer());
    const given: number[] = [];
    lifetime.defer(() => given.push(1));
    lifetime.defer(() => new Promise(() => undefined));
    const ending = lifetime.dispose().then(() => given.push(2));
    expect(given).toEqual([1]);
    await jest.advanceTimersByTimeAsync(10_000);
    await ending;
    expect(given).toEqual([1, 2]);
    expect(warnings).toEqual([expect.stringContaining('within 10000 ms')]);
  });
});

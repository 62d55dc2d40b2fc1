import { Logger } from '@nestjs/common';
import { CleanupStack } from './cleanup-stack';

describe('CleanupStack', () => {
  let warnings: unknown[];
  beforeEach(() => {
    warnings = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warnings.push(line));
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('runs every callback once, the last added first', async () => {
    const stack = new CleanupStack();
    const ran: number[] = [];
    for (const nth of [1, 2, 3]) stack.defer(() => ran.push(nth));
    await Promise.all([stack.dispose(), stack.dispose()]);
    expect(ran).toEqual([3, 2, 1]);
    stack.defer(() => ran.push(4));
    expect(ran).toEqual([3, 2, 1, 4]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('runs the others when a callback %s, and logs the failure', async (_, failing) => {
    const stack = new CleanupStack();
    const ran: number[] = [];
    for (const nth of [1, 2]) {
      stack.defer(() => ran.push(nth));
      stack.defer(failing);
    }
    await stack.dispose();
    expect(ran).toEqual([2, 1]);
    expect(warnings).toEqual(Array(2).fill('The module did not close as it should. no'));
    stack.defer(failing);
    await new Promise(setImmediate);
    expect(warnings).toHaveLength(3);
  });

  it('runs the others at once when a callback hangs, and ends after 10 s', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    const stack = new CleanupStack();
    const ran: number[] = [];
    stack.defer(() => ran.push(1));
    stack.defer(() => new Promise(() => undefined));
    const ending = stack.dispose().then(() => ran.push(2));
    expect(ran).toEqual([1]);
    await jest.advanceTimersByTimeAsync(10_000);
    await ending;
    expect(ran).toEqual([1, 2]);
    expect(warnings).toEqual([expect.stringContaining('within 10000 ms')]);
  });
});

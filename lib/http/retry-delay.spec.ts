import fc from 'fast-check';
import { FlagshipErrorCode } from '../errors';
import { retryDelayMs } from './retry-delay';
import { TransientError } from './request-errors';

const failed = (retryAfter?: string) => new TransientError('failed', FlagshipErrorCode.GENERAL, retryAfter);
/** The results of `Math.random`. */
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const MAX = 30_000;
/** The rounding error of floating-point numbers. */
const ROUNDING = 1e-6;
/** 2026-01-02T03:04:05Z: dates in headers are whole seconds. */
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

function pause(random: number, retryDelay: number, retryAfter?: string): number {
  jest.spyOn(Math, 'random').mockReturnValue(random);
  return retryDelayMs(failed(retryAfter), retryDelay);
}

describe('retryDelayMs', () => {
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
  afterEach(() => jest.restoreAllMocks());

  it('is retryDelay or up to half shorter, never longer', () => {
    fc.assert(
      fc.property(chance, fc.integer({ min: 0, max: MAX }), (random, delay) => {
        const length = pause(random, delay);
        expect(length).toBeLessThanOrEqual(delay);
        expect(length).toBeGreaterThanOrEqual(delay / 2);
      }),
    );
    expect([pause(0, 1000), pause(0.5, 1000), pause(0, 0)]).toEqual([1000, 750, 0]);
  });

  it('is Retry-After or up to a tenth longer, never shorter, at most 30 s', () => {
    fc.assert(
      fc.property(chance, fc.integer({ min: 0, max: MAX }), fc.nat(100_000), (random, delay, seconds) => {
        const headers = [String(seconds), ` ${seconds} `, new Date(NOW + seconds * 1000).toUTCString()];
        for (const header of headers) {
          const length = pause(random, delay, header);
          expect(length).toBeGreaterThanOrEqual(Math.min(seconds * 1000, MAX));
          expect(length).toBeLessThanOrEqual(Math.min(seconds * 1100 + ROUNDING, MAX));
        }
      }),
    );
  });

  it('is 0 for a date in the past', () => {
    expect(pause(0.5, 1000, new Date(NOW - 5000).toUTCString())).toBe(0);
  });

  it('is retryDelay for an unreadable Retry-After', () => {
    for (const text of ['', 'soon', '-5 s', 'NaN', 'next Tuesday', '\u0000'])
      expect(pause(0, 1000, text)).toBe(1000);
  });

  it('is a number that a timer accepts for any Retry-After', () => {
    fc.assert(
      fc.property(chance, fc.string(), (random, text) => {
        const length = pause(random, 1000, text);
        expect(length).toBeGreaterThanOrEqual(0);
        expect(length).toBeLessThanOrEqual(MAX);
      }),
    );
    expect(pause(0.9, 1000, '9'.repeat(400))).toBe(MAX);
  });
});

import { LogLimit } from './log-limit';

const MINUTE = 60_000;
const written = (limit: LogLimit, input: readonly string[], now: number): string[] =>
  input.map((line) => limit.admit(line, now)).filter((line) => line !== undefined);
const lines = (count: number, name = 'kind'): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`);

describe('LogLimit', () => {
  it('writes a line once, then once a minute with the number of suppressed ones', () => {
    const limit = new LogLimit();
    expect(limit.admit('a', 0)).toBe('a');
    for (let now = 1; now < MINUTE; now += 1000) expect(limit.admit('a', now)).toBeUndefined();
    expect(limit.admit('a', MINUTE)).toBe('a (61 more since the last line)');
    expect(limit.admit('a', MINUTE + 1)).toBeUndefined();
    expect(limit.admit('a', 2 * MINUTE)).toBe('a (2 more since the last line)');
  });

  it('counts different lines separately', () => {
    const limit = new LogLimit();
    expect(written(limit, ['a', 'b', 'a', 'b', 'c'], 0)).toEqual(['a', 'b', 'c']);
  });

  it('counts lines as repeated that differ in a time of day only, or have the same subject', () => {
    const limit = new LogLimit();
    const line = (second: number) => `open since 2026-01-02T03:04:0${second}.000Z, after 5.`;
    expect(written(limit, [line(1), line(2), line(3)], 0)).toEqual([line(1)]);
    expect(limit.admit(line(4), MINUTE)).toBe(`${line(4)} (3 more since the last line)`);
    expect(limit.admit('one', 0, 'subject')).toBe('one');
    expect(limit.admit('other', 1, 'subject')).toBeUndefined();
  });

  it('is not filled by 200,000 distinct lines, and does not write them all', () => {
    const limit = new LogLimit();
    const first = written(limit, lines(200_000), 0);
    expect(first).toHaveLength(101);
    expect(first[100]).toMatch(/too many kinds/);
    expect(written(limit, lines(200_000), 1)).toEqual([]);
    // The first lines are still counted separately.
    expect(limit.admit('kind 7', MINUTE)).toBe('kind 7 (2 more since the last line)');
    expect(limit.admit('kind 199999', MINUTE)).toMatch(/too many kinds.*\(399800 more since/);
  });

  it('makes room for new subjects when the old ones have not occurred for long', () => {
    const limit = new LogLimit();
    // Each line twice, so that each subject has a suppressed line.
    written(limit, [...lines(200), ...lines(200)], 0);
    expect(written(limit, ['news'], MINUTE / 2)).toEqual([]);
    expect(written(limit, ['news', 'more news'], 10 * MINUTE)).toEqual(['news', 'more news']);
    expect(written(limit, lines(98, 'other'), 10 * MINUTE)).toHaveLength(98);
    expect(written(limit, lines(200, 'third'), 10 * MINUTE)).toEqual([
      expect.stringMatching(/too many kinds/),
    ]);
  });

  it('keeps the subjects that still occur when it makes room', () => {
    const limit = new LogLimit();
    written(limit, lines(200), 0);
    for (let now = 0; now <= 10 * MINUTE; now += MINUTE / 2) limit.admit('kind 0', now);
    limit.admit('news', 10 * MINUTE);
    expect(limit.admit('kind 0', 10 * MINUTE + 1)).toBeUndefined();
  });
});

import { LogLimit } from './log-limit';

const MINUTE = 60_000;
const told = (limit: LogLimit, lines: readonly string[], now: number): string[] =>
  lines.map((line) => limit.pass(line, now)).filter((line) => line !== undefined);
const kinds = (count: number, name = 'kind'): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`);

describe('LogLimit', () => {
  it('lets a line through once, then once a minute with how often it came meanwhile', () => {
    const limit = new LogLimit();
    expect(limit.pass('a', 0)).toBe('a');
    for (let now = 1; now < MINUTE; now += 1000) expect(limit.pass('a', now)).toBeUndefined();
    expect(limit.pass('a', MINUTE)).toBe('a (61 more since the last line)');
    expect(limit.pass('a', MINUTE + 1)).toBeUndefined();
    expect(limit.pass('a', 2 * MINUTE)).toBe('a (2 more since the last line)');
  });

  it('tells lines apart', () => {
    const limit = new LogLimit();
    expect(told(limit, ['a', 'b', 'a', 'b', 'c'], 0)).toEqual(['a', 'b', 'c']);
  });

  it('takes lines for the same that differ in a time of day only, or in what it is told they count as', () => {
    const limit = new LogLimit();
    const line = (second: number) => `open since 2026-01-02T03:04:0${second}.000Z, after 5.`;
    expect(told(limit, [line(1), line(2), line(3)], 0)).toEqual([line(1)]);
    expect(limit.pass(line(4), MINUTE)).toBe(`${line(4)} (3 more since the last line)`);
    expect(limit.pass('one', 0, 'subject')).toBe('one');
    expect(limit.pass('other', 1, 'subject')).toBeUndefined();
  });

  it('is not filled by 200,000 distinct lines, nor does it let them all through', () => {
    const limit = new LogLimit();
    const lines = told(limit, kinds(200_000), 0);
    expect(lines).toHaveLength(101);
    expect(lines[100]).toMatch(/too many kinds/);
    expect(told(limit, kinds(200_000), 1)).toEqual([]);
    // What was told at first is still told apart, with its own count.
    expect(limit.pass('kind 7', MINUTE)).toBe('kind 7 (2 more since the last line)');
    expect(limit.pass('kind 199999', MINUTE)).toMatch(/too many kinds.*\(399800 more since/);
  });

  it('makes room for news once what filled it has been quiet for long', () => {
    const limit = new LogLimit();
    // Each twice: something of it has not been said yet.
    told(limit, [...kinds(200), ...kinds(200)], 0);
    expect(told(limit, ['news'], MINUTE / 2)).toEqual([]);
    expect(told(limit, ['news', 'more news'], 10 * MINUTE)).toEqual(['news', 'more news']);
    expect(told(limit, kinds(98, 'other'), 10 * MINUTE)).toHaveLength(98);
    expect(told(limit, kinds(200, 'third'), 10 * MINUTE)).toEqual([expect.stringMatching(/too many kinds/)]);
  });

  it('does not forget what goes on when it makes room', () => {
    const limit = new LogLimit();
    told(limit, kinds(200), 0);
    for (let now = 0; now <= 10 * MINUTE; now += MINUTE / 2) limit.pass('kind 0', now);
    limit.pass('news', 10 * MINUTE);
    expect(limit.pass('kind 0', 10 * MINUTE + 1)).toBeUndefined();
  });
});

import { valueOf } from '../../fixtures/flagship-client';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();

describe('flags as an object', () => {
  it('are copied', async () => {
    const list = [1];
    const flags: Record<string, never> = { list: list as never };
    const flagship = await servers.startFlagship({ flags });
    list.push(2);
    flags.more = true as never;
    expect(await valueOf(flagship, 'list')).toEqual([1]);
    expect(await valueOf(flagship, 'more')).toBe('FLAG_NOT_FOUND');
  });

  it('are replaced by setFlags, all at once', async () => {
    const flagship = await servers.startFlagship({ flags: { a: 1, b: 2 } });
    flagship.setFlags({ b: 3 });
    expect(await valueOf(flagship, 'a')).toBe('FLAG_NOT_FOUND');
    expect(await valueOf(flagship, 'b')).toBe(3);
  });

  it('stay when setFlags gets something else', async () => {
    const flagship = await servers.startFlagship({ flags: { a: 1 } });
    for (const bad of [[], 'x', 7, null, undefined, { flags: [] }]) {
      expect(() => flagship.setFlags(bad as never)).toThrow(/[Ff]lags/);
    }
    expect(await valueOf(flagship, 'a')).toBe(1);
  });

  it('are reported on when malformed; the others work', async () => {
    const problems: string[] = [];
    const malformed = { enabled: true, default_variation: 'a', variations: { a: 1 }, rules: 'none' };
    const flagship = await servers.startFlagship({
      flags: { good: 1, bad: malformed },
      report: (problem) => problems.push(problem),
    });
    expect(problems).toEqual([expect.stringMatching(/"bad" is malformed at bad\.rules.*PARSE_ERROR/)]);
    expect(await valueOf(flagship, 'good')).toBe(1);
    expect(await valueOf(flagship, 'bad')).toBe('PARSE_ERROR');
  });
});

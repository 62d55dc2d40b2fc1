import { type EvaluationContext, type Provider, TypedInMemoryProvider } from '@openfeature/server-sdk';
import { FlagService, FlagshipModule } from 'nestjs-flagship';
import { useApp } from '../fixtures/use-app';

const apps = useApp();
let flags: FlagService;
let asked: [string, EvaluationContext][];
let isAway: boolean;
let value: unknown;
let extra: object;
let reason: string;
let now: number;

beforeEach(async () => {
  [asked, isAway, value, extra, reason, now] = [[], false, 'modern', {}, 'STATIC', performance.now()];
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const provider = new TypedInMemoryProvider({}) as unknown as Record<string, unknown>;
  const answer = (key: string, _: unknown, context: EvaluationContext) => {
    asked.push([key, context]);
    if (isAway) throw new Error('away');
    return Promise.resolve({ value, reason, ...extra });
  };
  for (const type of ['String', 'Object']) provider[`resolve${type}Evaluation`] = answer;
  const module = FlagshipModule.forRoot({ provider: provider as unknown as Provider });
  flags = (await apps.startContext({ imports: [module] })).get(FlagService);
});
afterEach(async () => {
  jest.restoreAllMocks();
});

describe('an evaluation that failed', () => {
  it('is kept for one second within a scope', async () => {
    await flags.withContext({ targetingKey: 'job' }, async () => {
      isAway = true;
      const read = () => flags.getStringValue('page', 'classic');
      expect(await read()).toBe('classic');
      isAway = false;
      now += 999;
      expect(await read()).toBe('classic');
      expect(asked).toHaveLength(1);
      now += 1;
      expect(await Promise.all([read(), read()])).toEqual(['modern', 'modern']);
      expect(asked).toHaveLength(2);
      isAway = true;
      now += 1_000_000;
      expect(await read()).toBe('modern');
    });
  });

  it('is kept for another second if it fails again', async () => {
    await flags.withContext({ targetingKey: 'job' }, async () => {
      isAway = true;
      for (let second = 0; second < 5; second++) {
        for (let reader = 0; reader < 5; reader++)
          expect((await flags.getStringDetails('page', `${reader}`)).value).toBe(`${reader}`);
        expect(asked).toHaveLength(second + 1);
        now += 1000;
      }
    });
  });
});

it('a stale answer is kept for one second within a scope', async () => {
  await flags.withContext({ targetingKey: 'job' }, async () => {
    [value, reason] = ['old', 'STALE'];
    const read = () => flags.getStringValue('page', 'classic');
    expect(await read()).toBe('old');
    [value, reason] = ['new', 'STATIC'];
    now += 999;
    expect(await read()).toBe('old');
    now += 1;
    expect(await read()).toBe('new');
    [value, reason] = ['newer', 'STATIC'];
    now += 1_000_000;
    expect(await read()).toBe('new');
  });
});

describe('the memory of a scope', () => {
  const kilobytes = (count: number) => 'x'.repeat(count * 1024);

  it('is bounded in bytes, whatever values and contexts are', async () => {
    const loads: [string, (turn: number) => Promise<unknown>][] = [
      [
        'values',
        (turn) => {
          value = { text: kilobytes(64), turn };
          return flags.getObjectValue('look', {}, { targetingKey: `user-${turn}` });
        },
      ],
      ['contexts', (turn) => flags.getStringValue('page', '', { targetingKey: `${kilobytes(20)}${turn}` })],
      [
        'variants',
        (turn) => {
          [value, extra] = ['x', { variant: `${kilobytes(64)}${turn}` }];
          return flags.getStringValue(`variant-${turn}`, '');
        },
      ],
      [
        'metadata',
        (turn) => {
          [value, extra] = ['x', { flagMetadata: { note: `${kilobytes(64)}${turn}` } }];
          return flags.getStringValue(`metadata-${turn}`, '');
        },
      ],
      [
        'values of one context',
        (turn) => {
          value = { text: kilobytes(64), turn };
          return flags.getObjectValue(`look-${turn}`, {});
        },
      ],
    ];
    for (const [, load] of loads) {
      await flags.withContext({ targetingKey: 'job' }, async () => {
        for (let turn = 0; turn < 400; turn++) await load(turn);
        asked.length = 0;
        await load(399);
        expect(asked).toHaveLength(0);
        // Of four hundred, only those that fit into a megabyte have been kept.
        let kept = 0;
        for (let turn = 398; turn >= 0; turn--) {
          asked.length = 0;
          await load(turn);
          if (asked.length > 0) break;
          kept++;
        }
        expect(kept).toBeLessThan(150);
      });
    }
  });

  it('keeps the flags of the scope’s own context while others come and go', async () => {
    await flags.withContext({ targetingKey: 'job' }, async () => {
      await flags.getStringValue('page', '');
      value = { text: kilobytes(64) };
      for (let turn = 0; turn < 100; turn++)
        await flags.getObjectValue('look', {}, { targetingKey: `u${turn}` });
      asked.length = 0;
      await flags.getStringValue('page', '');
      expect(asked).toHaveLength(0);
    });
  });

  it('counts a circular value once', async () => {
    const circle: Record<string, unknown> = { text: 'x' };
    circle.self = circle;
    value = circle;
    await flags.withContext({ targetingKey: 'job' }, async () => {
      await flags.getObjectValue('look', {});
      await flags.getObjectValue('look', {});
    });
    expect(asked).toHaveLength(1);
  });
});

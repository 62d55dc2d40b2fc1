import { Logger } from '@nestjs/common';
import { type EvaluationContext, type JsonValue, OpenFeature } from '@openfeature/server-sdk';
import { FlagshipServerProvider } from '../provider';
import { LoggingHook, type LoggingHookOptions } from '.';

const DOMAIN = 'logging-hook';
const person: EvaluationContext = { targetingKey: 'ann', email: 'ann@example.com', plan: 'pro' };
const definitions = {
  on: true,
  text: 'modern "quoted"',
  limit: 20,
  look: { accent: 'teal' },
  nothing: null,
  off: { enabled: false, default_variation: 'a', variations: { a: true }, rules: [] },
  owned: {
    key: 'owned',
    enabled: true,
    default_variation: 'a',
    variations: { a: true },
    rules: [],
    metadata: { owner: 'team', rank: 2 },
  },
};

describe('LoggingHook', () => {
  let lines: string[];
  const logger = {
    log: (message: string) => void lines.push(`log ${message}`),
    warn: (message: string) => void lines.push(`warn ${message}`),
  };

  beforeEach(async () => {
    lines = [];
    await OpenFeature.setProviderAndWait(DOMAIN, new FlagshipServerProvider({ definitions: definitions }));
  });
  afterEach(async () => {
    await OpenFeature.clearProviders();
    jest.restoreAllMocks();
  });

  const clientWith = (options: LoggingHookOptions = {}) =>
    OpenFeature.getClient(DOMAIN).addHooks(new LoggingHook({ logger, ...options }));

  it('logs flag, value, variant and reason', async () => {
    const client = clientWith();
    await client.getBooleanValue('on', false, person);
    await client.getStringValue('text', '', person);
    await client.getNumberValue('limit', 0, person);
    await client.getObjectValue('look', {}, person);
    await client.getObjectValue('nothing', {}, person);
    expect(lines).toEqual([
      'log Flag "on" is true (on, STATIC)',
      'log Flag "text" is "modern \\"quoted\\"" (default, STATIC)',
      'log Flag "limit" is 20 (default, STATIC)',
      'log Flag "look" is {"accent":"teal"} (default, STATIC)',
      'log Flag "nothing" is null (default, STATIC)',
    ]);
  });

  it.each<[LoggingHookOptions, string]>([
    [{}, ''],
    [{ metadata: false }, ''],
    [{ metadata: true }, ' with {"owner":"team","rank":2}'],
    [{ metadata: ['rank', 'absent', 'toString'] }, ' with {"rank":2}'],
    [{ metadata: ['absent'] }, ''],
    [{ metadata: ['owner'], context: ['plan'] }, ' with {"owner":"team"} for {"plan":"pro"}'],
  ])('logs metadata if %p', async (options, text) => {
    await clientWith(options).getBooleanValue('owned', false, person);
    expect(lines).toEqual([`log Flag "owned" is true (a, STATIC)${text}`]);
  });

  it('logs the default for a disabled flag', async () => {
    await clientWith().getBooleanValue('off', false);
    expect(lines).toEqual(['log Flag "off" is false (no variant, DISABLED)']);
  });

  it('logs a warning with default, code and message for a failed evaluation', async () => {
    const client = clientWith();
    await client.getStringValue('absent', 'mine', person);
    await client.getBooleanValue('limit', true, person);
    expect(lines).toEqual([
      'warn Flag "absent" stays at its default "mine" (FLAG_NOT_FOUND): There is no flag "absent".',
      'warn Flag "limit" stays at its default true (TYPE_MISMATCH): Flag "limit" type mismatch: expected boolean, got number',
    ]);
  });

  it('logs no attribute of the context by default', async () => {
    for (const options of [{}, { context: false }, { context: [] }]) {
      const client = clientWith(options);
      await client.getBooleanValue('on', false, person);
      await client.getBooleanValue('absent', false, person);
    }
    expect(lines.join()).not.toMatch(/ann|pro/);
  });

  it('logs the listed attributes that the context has', async () => {
    const client = clientWith({ context: ['plan', 'region', 'toString'] });
    await client.getBooleanValue('on', false, person);
    await client.getBooleanValue('absent', false, person);
    expect(lines).toEqual([
      'log Flag "on" is true (on, STATIC) for {"plan":"pro"}',
      expect.stringMatching(/^warn .* for \{"plan":"pro"\}$/),
    ]);
  });

  it('logs all attributes with context: true', async () => {
    await clientWith({ context: true }).getBooleanValue('on', false, person);
    expect(lines[0]).toMatch(/ for \{"targetingKey":"ann","email":"ann@example\.com","plan":"pro"\}$/);
  });

  it('logs to a Nest logger called "Flagship" by default', async () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const client = OpenFeature.getClient(DOMAIN).addHooks(new LoggingHook());
    await client.getBooleanValue('on', false);
    await client.getBooleanValue('absent', false);
    expect(log.mock.calls).toEqual([['Flag "on" is true (on, STATIC)']]);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/"absent" stays at its default false/)]]);
    expect((log.mock.contexts[0] as unknown as { context: string }).context).toBe('Flagship');
  });

  describe('does not change the evaluation', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const hostile = {
      get plan(): string {
        throw new Error('no');
      },
    };
    const notJson: readonly (readonly [string, object])[] = [
      ['a circular reference', { plan: circular }],
      ['a big integer', { plan: 10n }],
      ['a function', { plan: () => 1 }],
      ['a symbol', { plan: Symbol('s') }],
      ['an invalid date', { plan: new Date(NaN) }],
      ['an undefined attribute', { plan: undefined }],
      [
        'an object whose toJSON throws',
        {
          plan: {
            toJSON: () => {
              throw new Error('no');
            },
          },
        },
      ],
    ];

    it.each(notJson)('when the context contains %s', async (_, context) => {
      for (const shown of [true, ['plan']]) {
        const client = clientWith({ context: shown });
        for (const key of ['on', 'absent']) {
          const details = await client.getBooleanDetails(key, false, context as EvaluationContext);
          expect(details).toEqual(
            await OpenFeature.getClient(DOMAIN).getBooleanDetails(key, false, context as EvaluationContext),
          );
        }
      }
      expect(lines).toHaveLength(4);
    });

    it('when reading an attribute throws', () => {
      const hook = new LoggingHook({ logger, context: ['plan'] });
      const details = { flagKey: 'on', value: true, flagMetadata: {} };
      hook.after({ flagKey: 'on', context: hostile } as never, details);
      expect(lines).toHaveLength(1);
    });

    it('when the logger fails', async () => {
      const fail = () => {
        throw new Error('disk full');
      };
      const client = clientWith({ logger: { log: fail, warn: fail } });
      expect(await client.getBooleanDetails('on', false)).toMatchObject({ value: true, reason: 'STATIC' });
      expect(await client.getBooleanDetails('absent', false)).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
    });

    it('when the default is a circular structure', async () => {
      const error = jest.spyOn(console, 'error').mockImplementation(() => undefined);
      const details = await clientWith().getObjectDetails('absent', circular as JsonValue);
      expect(details.value).toBe(circular);
      expect(details.errorCode).toBe('FLAG_NOT_FOUND');
      expect(lines).toHaveLength(1);
      expect(error).not.toHaveBeenCalled();
    });

    it.each([undefined, null, 'text', 7, {}])('when the error is %p', (error) => {
      new LoggingHook({ logger }).error({ flagKey: 'on', context: {}, defaultValue: false } as never, error);
      expect(lines).toEqual([
        expect.stringMatching(/^warn Flag "on" stays at its default false \(GENERAL\): /),
      ]);
    });
  });
});

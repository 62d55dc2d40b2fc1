import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type Client, type HookContext, OpenFeature } from '@openfeature/server-sdk';
import { FlagshipServerProvider } from '../provider';
import { type TelemetryEvent, TelemetryHook } from '.';

const DOMAIN = 'telemetry-hook';
const definitions = {
  on: true,
  look: { accent: 'teal' },
  off: { enabled: false, default_variation: 'a', variations: { a: true }, rules: [] },
  owned: {
    key: 'owned',
    enabled: true,
    default_variation: 'a',
    variations: { a: true },
    rules: [],
    metadata: { owner: 'team' },
  },
};

describe('TelemetryHook', () => {
  let events: TelemetryEvent[];
  let client: Client;
  const clientWith = (callback: (event: TelemetryEvent) => unknown) =>
    OpenFeature.getClient(DOMAIN).addHooks(new TelemetryHook(callback));

  beforeEach(async () => {
    events = [];
    await OpenFeature.setProviderAndWait(DOMAIN, new FlagshipServerProvider({ definitions: definitions }));
    client = clientWith((event) => void events.push(event));
  });
  afterEach(async () => {
    await OpenFeature.clearProviders();
    jest.restoreAllMocks();
  });

  const around = { timestamp: expect.any(Number), duration: expect.any(Number) };

  it('emits an event for a successful evaluation', async () => {
    const before = Date.now();
    await client.getBooleanValue('on', false, { targetingKey: 'ann', plan: 'pro' });
    expect(events).toEqual([
      {
        ...around,
        type: 'evaluation',
        flagKey: 'on',
        value: true,
        reason: 'STATIC',
        variant: 'on',
        errorCode: undefined,
        errorMessage: undefined,
        context: { targetingKey: 'ann', plan: 'pro' },
        hints: undefined,
      },
    ]);
    expect(events[0]?.timestamp).toBeGreaterThanOrEqual(before);
    expect(events[0]?.timestamp).toBeLessThanOrEqual(Date.now());
  });

  it('emits the metadata of the flag, of which an event has a copy', async () => {
    for (const key of ['owned', 'owned']) {
      await client.getBooleanValue(key, false);
      await client.getStringValue(key, 'mine');
    }
    expect(events.map(({ type, flagMetadata }) => [type, flagMetadata])).toEqual([
      ['evaluation', { owner: 'team' }],
      ['error', { owner: 'team' }],
      ['evaluation', { owner: 'team' }],
      ['error', { owner: 'team' }],
    ]);
    Object.assign(events[0]!.flagMetadata!, { owner: 'me' });
    expect((await client.getBooleanDetails('owned', false)).flagMetadata).toEqual({ owner: 'team' });
  });

  it('measures each evaluation from its start to its end', async () => {
    const now = jest.spyOn(performance, 'now');
    let time = 1000;
    now.mockImplementation(() => time);
    const slow = { before: () => void (time += 5) };
    await OpenFeature.getClient(DOMAIN)
      .addHooks(new TelemetryHook((event) => void events.push(event)), slow)
      .getBooleanValue('on', false);
    expect(events.map(({ duration }) => duration)).toEqual([5]);
    now.mockRestore();
    await Promise.all(['on', 'look', 'absent'].map((key) => client.getBooleanValue(key, false)));
    for (const { duration } of events) expect(duration).toBeGreaterThanOrEqual(0);
    expect(
      events
        .slice(1)
        .map(({ flagKey }) => flagKey)
        .toSorted(),
    ).toEqual(['absent', 'look', 'on']);
  });

  it('has a duration where "before" was not called, or another hook threw in it', async () => {
    const hookContext = { flagKey: 'on', context: {}, defaultValue: false } as unknown as HookContext;
    const hook = new TelemetryHook((event) => void events.push(event));
    hook.finally(hookContext, { flagKey: 'on', value: true, flagMetadata: {} });
    const broken = {
      before: () => {
        throw new Error('out of order');
      },
    };
    await OpenFeature.getClient(DOMAIN).addHooks(broken, hook).getBooleanValue('on', false);
    expect(events.map(({ duration }) => duration)).toEqual([0, 0]);
  });

  it('emits an event with the default for a failed evaluation', async () => {
    await client.getStringValue('absent', 'mine');
    expect(events).toEqual([
      {
        ...around,
        type: 'error',
        flagKey: 'absent',
        value: 'mine',
        reason: 'ERROR',
        variant: undefined,
        errorCode: 'FLAG_NOT_FOUND',
        errorMessage: 'There is no flag "absent".',
        context: {},
        hints: undefined,
      },
    ]);
  });

  it('emits an event for a type mismatch', async () => {
    await client.getNumberValue('on', 7);
    expect(events).toMatchObject([{ type: 'error', value: 7, errorCode: 'TYPE_MISMATCH' }]);
  });

  it('emits an event of type evaluation, with the default, for a disabled flag', async () => {
    await client.getBooleanValue('off', false);
    expect(events).toMatchObject([{ type: 'evaluation', value: false, reason: 'DISABLED' }]);
    expect(events[0]?.errorCode).toBeUndefined();
  });

  it('emits an event for an evaluation that another hook fails', async () => {
    const failing = {
      before: () => {
        throw new Error('no');
      },
    };
    await OpenFeature.getClient(DOMAIN)
      .addHooks(failing, new TelemetryHook((event) => void events.push(event)))
      .getBooleanValue('on', false);
    expect(events).toMatchObject([{ type: 'error', value: false, errorCode: 'GENERAL', duration: 0 }]);
  });

  it('includes the hints of the call', async () => {
    await client.getBooleanValue('on', false, {}, { hookHints: { route: '/checkout' } });
    expect(events[0]?.hints).toEqual({ route: '/checkout' });
  });

  it('copies the context into each event', async () => {
    const context = { targetingKey: 'ann' };
    await client.getBooleanValue('on', false, context);
    const [event] = events;
    (event?.context as Record<string, unknown>).targetingKey = 'bob';
    await client.getBooleanValue('on', false, context);
    expect(events[1]?.context).toEqual({ targetingKey: 'ann' });
  });

  it('emits one event per evaluation, for every type', async () => {
    await client.getObjectValue('look', {});
    await client.getBooleanValue('on', false);
    await client.getBooleanValue('on', false);
    expect(events.map(({ value }) => value)).toEqual([{ accent: 'teal' }, true, true]);
  });

  describe('does not change the evaluation', () => {
    it('when the callback throws', async () => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      const throwing = clientWith(() => {
        throw new Error('metrics are down');
      });
      expect(await throwing.getBooleanDetails('on', false)).toMatchObject({ value: true, reason: 'STATIC' });
      expect(await throwing.getBooleanDetails('absent', false)).toMatchObject({
        errorCode: 'FLAG_NOT_FOUND',
      });
      expect(JSON.stringify(warn.mock.calls)).toContain('metrics are down');
    });

    it('when an asynchronous callback rejects, which does not end the process', async () => {
      jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      const unhandled = jest.fn();
      process.once('unhandledRejection', unhandled);
      const callback = async (): Promise<void> => Promise.reject(new Error('metrics are down'));
      const rejecting = clientWith(callback);
      expect(await rejecting.getBooleanDetails('on', false)).toMatchObject({ value: true, reason: 'STATIC' });
      await setImmediate();
      await setImmediate();
      process.off('unhandledRejection', unhandled);
      expect(unhandled).not.toHaveBeenCalled();
    });

    it('when the callback never settles', async () => {
      const endless = clientWith(() => new Promise(() => undefined));
      expect(await endless.getBooleanValue('on', false)).toBe(true);
    });
  });
});

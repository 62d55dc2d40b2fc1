import { SpanEventHook } from '@openfeature/open-telemetry-hooks';
import { FlagService, FlagshipModule, type TelemetryEvent, TelemetryHook } from 'nestjs-flagship';
import { useApp } from '../../fixtures/use-app';
import { useServer } from '../../fixtures/use-server';
import { ask, useTracing, within } from '../../fixtures/use-tracing';

const { named, provide, remote, upstream } = useTracing();
const apps = useApp();
const servers = useServer();

const flag = { enabled: true, default_variation: 'on', variations: { on: true }, rules: [] };
const flags = {
  plain: flag,
  owned: { ...flag, metadata: { owner: 'team', contextId: 'tenant-7' } },
  off: { ...flag, enabled: false },
  text: { ...flag, variations: { on: 'modern' } },
  pinned: { ...flag, metadata: { flagSetId: 'mine', version: '9' } },
};

describe('OpenFeature’s hooks for OpenTelemetry', () => {
  it('record app, version and context of every answer, failed ones included', async () => {
    const { url: baseUrl, accountId, appId } = await servers.startFlagship({ flags, appId: 'shop' });
    const events: TelemetryEvent[] = [];
    const { app } = await apps.start({
      imports: [
        FlagshipModule.forRoot({
          baseUrl,
          accountId,
          appId,
          localEvaluation: true,
          hooks: [new SpanEventHook(), new TelemetryHook((event) => void events.push(event))],
        }),
      ],
    });
    const service = app.get(FlagService);
    const { version } = service.stats()!.definitions!;
    expect(version).toMatch(/^[\w-]{43}$/);
    const keys = ['plain', 'owned', 'off', 'text', 'absent', 'pinned'];
    await within('request', async () => {
      for (const key of keys) await service.getBooleanDetails(key, false, { targetingKey: 'ann' });
    });
    const shown = (attributes: Readonly<Record<string, unknown>> = {}) => [
      attributes['feature_flag.key'],
      attributes['feature_flag.set.id'],
      attributes['feature_flag.version'],
      attributes['feature_flag.context.id'],
    ];
    const expected = [
      ['plain', 'shop', version, 'ann'],
      ['owned', 'shop', version, 'tenant-7'],
      ['off', 'shop', version, 'ann'],
      ['text', 'shop', version, 'ann'],
      ['absent', 'shop', version, 'ann'],
      ['pinned', 'mine', '9', 'ann'],
    ];
    const ofRequest = named('request')[0]!.events.filter(({ name }) => name === 'feature_flag.evaluation');
    expect(ofRequest.map(({ attributes }) => shown(attributes))).toEqual(expected);
    expect(events.map(({ flagKey, flagMetadata }) => [flagKey, flagMetadata])).toEqual([
      ['plain', { flagSetId: 'shop', version }],
      ['owned', { flagSetId: 'shop', version, owner: 'team', contextId: 'tenant-7' }],
      ['off', { flagSetId: 'shop', version }],
      ['text', { flagSetId: 'shop', version }],
      ['absent', { flagSetId: 'shop', version }],
      ['pinned', { flagSetId: 'mine', version: '9' }],
    ]);
  });
});

describe('the span of a request to Flagship', () => {
  it('names the app, if the options do', async () => {
    await ask(await provide(remote()));
    expect(upstream()[0]!.attributes['feature_flag.set.id']).toBe('shop');
  });
});

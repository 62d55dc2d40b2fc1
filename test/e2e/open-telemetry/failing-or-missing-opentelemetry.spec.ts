import { trace } from '@opentelemetry/api';
import { type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type FlagshipServerProvider } from 'nestjs-flagship';
import { useCleanup } from '../../fixtures/use-cleanup';
import { ask, definitions, useTracing } from '../../fixtures/use-tracing';

const tracing = useTracing();
const { provide, remote, trackSpans, upstream } = tracing;
const cleanUp = useCleanup();

describe('an OpenTelemetry', () => {
  const failing = (): never => {
    throw new Error('no');
  };

  it.each<[string, Partial<SpanProcessor>]>([
    ['start', { onStart: failing }],
    ['end', { onEnd: failing }],
  ])('that fails at the %s of a span fails no evaluation', async (_, processor) => {
    const idle = async (): Promise<void> => undefined;
    trackSpans({
      onStart: () => undefined,
      onEnd: () => undefined,
      forceFlush: idle,
      shutdown: idle,
      ...processor,
    });
    expect(await ask(await provide(remote()))).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    expect(tracing.server.requests).toHaveLength(1);
  });

  it('that is registered later, removed or replaced is followed', async () => {
    trace.disable();
    const provider = await provide(remote());
    expect(await ask(provider)).toMatchObject({ value: true });
    expect(upstream()).toHaveLength(0);
    trackSpans();
    await ask(provider);
    expect(upstream()).toHaveLength(1);
    trackSpans();
    await ask(provider);
    expect(upstream()).toHaveLength(2);
    trace.disable();
    await ask(provider);
    expect(upstream()).toHaveLength(2);
  });

  it('that is not installed is not needed', async () => {
    let bare: typeof FlagshipServerProvider | undefined;
    jest.isolateModules(() => {
      jest.doMock('@opentelemetry/api', () => {
        throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
      });
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- the package as it loads without it
      bare = (require('nestjs-flagship') as { FlagshipServerProvider: typeof FlagshipServerProvider })
        .FlagshipServerProvider;
    });
    const provider = new bare!(remote());
    cleanUp(() => provider.onClose());
    expect(await ask(provider)).toMatchObject({ value: true });
    const local = new bare!(remote({ localEvaluation: true, refreshInterval: 20 }));
    cleanUp(() => local.onClose());
    tracing.server.script(definitions);
    await local.initialize();
    await tracing.server.received(2);
    jest.dontMock('@opentelemetry/api');
    expect(await ask(local)).toMatchObject({ value: true });
    expect(upstream()).toEqual([]);
  });
});

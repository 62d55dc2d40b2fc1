import { readFileSync, writeFileSync } from 'node:fs';
import { useFolder } from '../../fixtures/use-folder';
import { useLocalEvaluation } from '../../fixtures/use-local-evaluation';

const local = useLocalEvaluation();
const folder = useFolder();

const flags = {
  flag: {
    key: 'flag',
    enabled: true,
    default_variation: 'on',
    variations: { on: 'modern' },
    rules: [],
    metadata: { owner: 'team' },
  },
};
const serve = (etag?: string) => ({
  body: { flags },
  headers: { 'content-type': 'application/json', ...(etag !== undefined && { etag }) },
});
const versionOf = async ({ provider }: Awaited<ReturnType<typeof local.start>>) => {
  const { flagMetadata } = await provider.resolveStringEvaluation('flag', '', {});
  const missing = await provider.resolveStringEvaluation('absent', '', {});
  const { definitions } = provider.stats();
  expect(flagMetadata).toMatchObject({ owner: 'team' });
  expect([missing.flagMetadata?.version, definitions?.version]).toEqual([
    flagMetadata?.version,
    flagMetadata?.version,
  ]);
  return flagMetadata?.version;
};

describe('the version of downloaded definitions', () => {
  it.each([
    ['"abc-7"', 'abc-7'],
    ['W/"abc-7"', 'abc-7'],
    ['bare', 'bare'],
    ['""', undefined],
    [undefined, undefined],
    [`"${'x'.repeat(257)}"`, undefined],
  ])('is the ETag %p without its quotes: %p', async (etag, version) => {
    local.server.script(serve(etag));
    expect(await versionOf(await local.start())).toBe(version);
  });

  it('changes with the definitions, and stays when they are confirmed', async () => {
    local.server.script(serve('"1"'), { status: 304 }, serve('"2"'));
    const started = await local.start();
    expect(await versionOf(started)).toBe('1');
    expect(await started.provider.refresh()).toBe(true);
    expect(await versionOf(started)).toBe('1');
    expect(await started.provider.refresh()).toBe(true);
    expect(await versionOf(started)).toBe('2');
  });

  it('stays known while Flagship is away', async () => {
    local.server.script(serve('"1"'), { status: 503 });
    const started = await local.start();
    expect(await started.provider.refresh()).toBe(false);
    expect(await versionOf(started)).toBe('1');
  });

  it('is kept on disk with them; without it the file is as good', async () => {
    const definitionsCache = folder('kept.json');
    local.server.script(serve('"1"'), { status: 503 });
    await (await local.start({ definitionsCache })).provider.onClose();
    expect(await versionOf(await local.start({ definitionsCache }))).toBe('1');
    const { version, ...older } = JSON.parse(readFileSync(definitionsCache, 'utf8')) as Record<
      string,
      unknown
    >;
    expect(version).toBe('1');
    for (const content of [older, { ...older, version: 7 }, { ...older, version: 'a\nb' }]) {
      writeFileSync(definitionsCache, JSON.stringify(content));
      expect(await versionOf(await local.start({ definitionsCache }))).toBeUndefined();
    }
    expect(local.warnings).toHaveLength(4);
  });

  it('is absent before there are definitions; the app is known', async () => {
    local.server.script({ status: 503 });
    const endpoint = `${local.server.url}/client/v4/accounts/a/flagship/apps/my%20shop/evaluate`;
    const { provider } = await local.start({ endpoint });
    expect(await provider.resolveStringEvaluation('flag', '', {})).toMatchObject({
      errorCode: 'PROVIDER_NOT_READY',
      flagMetadata: { flagSetId: 'my shop' },
    });
    expect(provider.stats()).toMatchObject({ flagSetId: 'my shop', definitions: { version: undefined } });
  });
});

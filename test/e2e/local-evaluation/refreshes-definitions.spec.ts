import { ProviderStatus } from '@openfeature/server-sdk';
import { fixedFlag, fixedFlags, serves } from '../../fixtures/definitions';
import { type ScriptedAnswer } from '../../fixtures/scripted-server';
import { waitUntil } from '../../fixtures/wait-until';
import { useLocalEvaluation } from '../../fixtures/use-local-evaluation';

const local = useLocalEvaluation();
const page = '<!DOCTYPE html><html><body>Bad gateway</body></html>';

describe('refreshing', () => {
  it('sends the ETag, and accepts 304', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, events, value } = await local.start();
    expect(await provider.refresh()).toBe(true);
    expect(await provider.refresh()).toBe(true);
    expect(local.server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"1"',
      '"1"',
    ]);
    expect(await value('a')).toBe('one');
    expect(events).toEqual([]);
  });

  it('sends the newest ETag, and none if the last answer had none', async () => {
    local.server.script(serves({}, '"1"'), serves({}, 'W/"2"'), serves({}), serves({}));
    const { provider } = await local.start();
    for (let round = 0; round < 3; round++) await provider.refresh();
    expect(local.server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"1"',
      'W/"2"',
      undefined,
    ]);
  });

  it('happens at each refreshInterval', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { value } = await local.start({ refreshInterval: 10 });
    await local.server.received(5);
    local.server.script(serves(fixedFlags({ a: 'two' }), '"2"'));
    await waitUntil(async () => (await value('a')) === 'two', 'the edit arrives');
  });

  it('emits exactly the keys that changed', async () => {
    local.server.script(serves(fixedFlags({ same: 1, edited: 'before', removed: true, nested: { a: [1] } })));
    const { provider, events } = await local.start();
    local.server.script(serves(fixedFlags({ added: null, edited: 'after', same: 1, nested: { a: [2] } })));
    await provider.refresh();
    expect(events).toEqual(['changed added edited nested removed']);
    await provider.refresh();
    expect(events).toHaveLength(1);
    local.server.script(serves({}));
    await provider.refresh();
    expect(events.slice(1)).toEqual(['changed added edited nested same']);
  });

  it('emits a change of the rules and of the switch', async () => {
    const flag = fixedFlag('x', true);
    const rule = { conditions: [], serve_variation: 'fixed' };
    const flags = { rules: flag, enabled: flag, other: flag, broken: flag };
    local.server.script(serves(flags));
    const { provider, events } = await local.start();
    local.server.script(
      serves({
        ...flags,
        rules: { ...flag, rules: [rule] },
        enabled: { ...flag, enabled: false },
        broken: 7,
      }),
    );
    await provider.refresh();
    expect(events).toEqual(['changed broken enabled rules']);
  });

  const failures: readonly (readonly [string, ScriptedAnswer])[] = [
    ['503', { status: 503 }],
    ['401', { status: 401 }],
    ['404', { status: 404 }],
    ['a cut connection', (response) => void response.destroy()],
    ['a page', { body: page }],
    ['text that is not JSON', { body: '{"flags":{' }],
    ['nothing', { body: '' }],
    ['no flags', { body: { result: {} } }],
    ['flags that are a list', { body: { flags: [] } }],
    ['flags that are null', { body: { flags: null } }],
    ['a list', { body: [] }],
    ['null', { body: 'null' }],
    ['304 to a question without a tag', { status: 304 }],
    ['over 32 MB', { body: `{"flags":{},"more":"${'x'.repeat(33 * 1024 * 1024)}"}` }],
  ];
  it.each(failures)(
    'keeps the last good flags through %s, is stale once, and recovers',
    async (_, failure) => {
      local.server.script(serves(fixedFlags({ a: 'one' })));
      const { provider, client, events, value } = await local.start();
      local.server.script(failure);
      expect(await provider.refresh()).toBe(false);
      expect(await provider.refresh()).toBe(false);
      expect(events).toEqual(['stale']);
      expect(client.providerStatus).toBe(ProviderStatus.STALE);
      expect(await value('a')).toBe('one');
      local.server.script(serves(fixedFlags({ a: 'two' })));
      expect(await provider.refresh()).toBe(true);
      expect(await value('a')).toBe('two');
      expect(events).toEqual(['stale', 'changed a', 'ready']);
      expect(client.providerStatus).toBe(ProviderStatus.READY);
    },
  );

  it('recovers by 304 as well', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, events, client } = await local.start();
    local.server.script({ status: 503 });
    await provider.refresh();
    local.server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    expect(await provider.refresh()).toBe(true);
    expect(local.server.requests[0]?.headers['if-none-match']).toBe('"1"');
    expect(events).toEqual(['stale', 'ready']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('goes on by itself after a failure', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' })), { status: 503 }, serves(fixedFlags({ a: 'two' })));
    const { events, value } = await local.start({ refreshInterval: 10 });
    await waitUntil(async () => (await value('a')) === 'two', 'it recovers');
    await waitUntil(() => events.includes('ready'), 'it says so');
    expect(events).toEqual(['stale', 'changed a', 'ready']);
  });

  it('retries a request that fails, as evaluations do', async () => {
    local.server.script({ status: 503 }, serves(fixedFlags({ a: 'one' })));
    const { value } = await local.start({ retries: 1, retryDelay: 0 });
    expect(await value('a')).toBe('one');
  });

  it('names the limit in the error of a body that is too large', async () => {
    local.server.script({ body: `{"flags":{},"more":"${'x'.repeat(33 * 1024 * 1024)}"}` });
    const provider = local.create();
    await expect(provider.initialize()).rejects.toThrow('The answer is larger than 33554432 bytes');
    await provider.onClose();
  });
});

import { ProviderStatus } from '@openfeature/server-sdk';
import { fixedFlag, fixedFlags, serves } from '../../fixtures/definitions';
import { useLocalEvaluation } from '../../fixtures/use-local-evaluation';

const local = useLocalEvaluation();
const never = () => undefined;

describe('loading', () => {
  it('requests the definitions once, beside the evaluation URL, with the token', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' })));
    const { value, client } = await local.start({
      endpoint: `${local.server.url}/v1/evaluate?key=x`,
      authToken: 't',
    });
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    for (let round = 0; round < 3; round++) expect(await value('a')).toBe('one');
    expect(local.server.requests).toHaveLength(1);
    expect(local.server.requests[0]).toMatchObject({
      method: 'GET',
      url: '/v1/definitions?key=x',
      headers: { authorization: 'Bearer t' },
    });
    expect(local.server.requests[0]?.headers['if-none-match']).toBeUndefined();
  });

  it('requests the definitions of an account’s app', async () => {
    local.server.script(serves({}));
    await local.start({ endpoint: undefined, appId: 'a b', accountId: 'c/d', baseUrl: local.server.url });
    expect(local.server.requests[0]?.url).toBe('/client/v4/accounts/c%2Fd/flagship/apps/a%20b/definitions');
  });

  it('works through the option fetch, ETags included', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, value } = await local.start({ fetch: (...args) => globalThis.fetch(...args) });
    expect(await provider.refresh()).toBe(true);
    expect(local.server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    expect(await value('a')).toBe('one');
  });

  it('evaluates for the context, in this process', async () => {
    const flag = {
      ...fixedFlag('a', 'off'),
      variations: { fixed: 'off', on: 'on' },
      rules: [
        { conditions: [{ attribute: 'user.plan', operator: 'equals', value: 'pro' }], serve_variation: 'on' },
      ],
    };
    local.server.script(serves({ a: flag }));
    const { client } = await local.start();
    expect(await client.getStringDetails('a', 'x', { user: { plan: 'pro' } })).toMatchObject({
      value: 'on',
      variant: 'on',
      reason: 'TARGETING_MATCH',
    });
    expect(await client.getStringDetails('a', 'x', { user: { plan: 'free' } })).toMatchObject({
      value: 'off',
      variant: 'fixed',
      reason: 'DEFAULT',
    });
    expect(local.server.requests).toHaveLength(1);
  });

  it('returns copies: a caller that changes an object changes no other answer', async () => {
    local.server.script(serves(fixedFlags({ look: { colours: ['teal'] } })));
    const { client } = await local.start();
    const first = await client.getObjectValue<{ colours: string[] }>('look', { colours: [] });
    first.colours.push('red');
    expect(await client.getObjectValue('look', {})).toEqual({ colours: ['teal'] });
  });

  it('answers PARSE_ERROR for a malformed flag, while the others work', async () => {
    local.server.script(
      serves({
        ...fixedFlags({ good: 'one' }),
        shapeless: 7,
        nothing: null,
        halved: { key: 'halved', enabled: true },
        misspelt: { ...fixedFlag('misspelt', 'x'), default_variation: 'fxied' },
      }),
    );
    const { client, value, codeOf } = await local.start();
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await value('good')).toBe('one');
    for (const key of ['shapeless', 'nothing', 'halved', 'misspelt'])
      expect(await codeOf(key)).toBe('PARSE_ERROR');
    expect(await codeOf('absent')).toBe('FLAG_NOT_FOUND');
  });

  it('serves the other flags although one is nested 20,000 levels deep, at the load and at a refresh', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const text = JSON.stringify(fixedFlags({ good: 'one', deep: 'here' })).replace('"here"', deep);
    local.server.script({ body: `{"flags":${text}}` });
    const { client, provider, value } = await local.start();
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await value('good')).toBe('one');
    expect(await client.getObjectDetails('deep', { mine: true })).toHaveProperty('value');
    expect(await provider.refresh()).toBe(true);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('answers PROVIDER_NOT_READY before the first load', async () => {
    local.server.script(never);
    const provider = local.create();
    const start = provider.initialize().catch(never);
    expect(await provider.resolveStringEvaluation('a', 'default', {})).toMatchObject({
      value: 'default',
      reason: 'ERROR',
      errorCode: 'PROVIDER_NOT_READY',
    });
    await provider.onClose();
    await start;
  });
});

import { byAttribute, call } from '../../fixtures/flagship-client';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();

describe('definitions', () => {
  const flags = { a: true, b: { ...byAttribute('equals', 'y'), key: 'seed' } };
  const begin = () => servers.startFlagship({ flags: flags as never });

  it('are what Flagship would answer', async () => {
    const { status, body, headers } = await call(await begin(), 'definitions');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(headers.etag).toMatch(/^"[^"]+"$/);
    expect(body).toEqual({
      flags: {
        a: {
          key: 'a',
          enabled: true,
          default_variation: 'on',
          variations: { on: true, off: false },
          rules: [],
        },
        b: { ...byAttribute('equals', 'y'), key: 'seed' },
      },
    });
  });

  it('hold the metadata and the description of a flag', async () => {
    const described = {
      ...byAttribute('equals', 'y'),
      key: 'c',
      metadata: { owner: 'team' },
      description: 'C',
    };
    const flagship = await servers.startFlagship({ flags: { c: described } as never });
    expect((await call(flagship, 'definitions')).body).toEqual({ flags: { c: described } });
  });

  it('are answered with 304 when they are known', async () => {
    const flagship = await begin();
    const { etag = '' } = (await call(flagship, 'definitions')).headers;
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, `"x",W/${etag},"y"`, '*']) {
      const answer = await call(flagship, 'definitions', { headers: { 'if-none-match': known } });
      expect([known, answer.status, answer.text, answer.headers.etag]).toEqual([known, 304, '', etag]);
    }
    for (const unknown of ['', '"x"', etag.slice(1, -1), `${etag}x`, 'W/"x"']) {
      const answer = await call(flagship, 'definitions', { headers: { 'if-none-match': unknown } });
      expect([unknown, answer.status]).toEqual([unknown, 200]);
    }
  });

  it('change their tag when the flags change, and only then', async () => {
    const flagship = await begin();
    const tag = async () => (await call(flagship, 'definitions')).headers.etag;
    const before = await tag();
    flagship.setFlags(flags as never);
    expect(await tag()).toBe(before);
    flagship.setFlags({ ...flags, a: false } as never);
    expect(await tag()).not.toBe(before);
  });
});

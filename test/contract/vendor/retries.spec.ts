import { type ScriptedAnswer } from '../../fixtures/scripted-server';
import { answer, page, useBothProviders } from './both-providers';

const vendor = useBothProviders();

describe('the provider repeats the same request as @cloudflare/flagship', () => {
  const good = answer(true, 'TARGETING_MATCH');
  const bad = (status: number) => ({ status, body: page });
  const transient = [408, 425, 429, 500, 502, 503, 504].flatMap((status) => [
    [`${status} for good`, [bad(status)]] as const,
    [`${status} once`, [bad(status), good]] as const,
    [`${status}, then 404`, [bad(status), bad(404)]] as const,
  ]);
  const others: readonly (readonly [string, readonly ScriptedAnswer[]])[] = [
    ['404', [bad(404), good]],
    ['400', [bad(400), good]],
    ['an answer of the wrong shape, once', [{ body: {} }, good]],
    ['an answer of the wrong shape for good', [{ body: {} }]],
    ['a value of the wrong type', [answer('text'), good]],
    ['a disabled flag', [answer(true, 'DISABLED'), good]],
    ['a connection that is cut, once', [(response) => void response.destroy(), good]],
    ['a connection that is cut for good', [(response) => void response.destroy()]],
  ];
  const retries = [undefined, 0, 1, 2];

  it.each(
    [...transient, ...others].flatMap(([name, script]) => retries.map((n) => [name, n, script] as const)),
  )('after %s, with retries: %s', async (_, n, script) => {
    await vendor.expectSame({ ...vendor.at, retries: n }, script, {});
  });

  it('at most ten times', async () => {
    const { requests } = await vendor.expectSame({ ...vendor.at, retries: 50 }, [bad(503)], {});
    expect(requests).toHaveLength(11);
  });

  it('after the time limit', async () => {
    // Long enough for the second answer on a busy machine.
    const options = { ...vendor.at, retries: 1, timeout: 2000 };
    const { requests } = await vendor.expectSame(options, [() => undefined, good], {});
    expect(requests).toHaveLength(2);
  });
});

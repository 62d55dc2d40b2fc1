import { FlagshipServerProvider } from 'nestjs-flagship';
import { useFakeTime } from '../fixtures/fake-time';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

type Options = ConstructorParameters<typeof FlagshipServerProvider>[0];
type Factory = Required<Options>['headersFactory'];

const good = { body: { flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' } };
const SECRET = 'Bearer s3cret';

describe('headersFactory', () => {
  const servers = useServer();
  const cleanUp = useCleanup();
  let server: ScriptedServer;
  let provider: FlagshipServerProvider | undefined;
  const stopTime = useFakeTime();

  beforeAll(async () => (server = await servers.start()));
  beforeEach(() => server.script(good));

  function ask(headersFactory: Factory, options: Partial<Options> = {}) {
    provider = new FlagshipServerProvider({
      endpoint: `${server.url}/evaluate`,
      timeout: 10_000,
      retries: 1,
      retryDelay: 0,
      headersFactory,
      ...options,
    });
    const opened = provider;
    cleanUp(() => opened.onClose());
    return provider.resolveBooleanEvaluation('flag', false, {});
  }
  const sent = (name: string) => server.requests.map(({ headers }) => headers[name]);

  const forms: readonly (readonly [string, Factory])[] = [
    ['an object', () => ({ Authorization: 'A' })],
    ['a promise', () => Promise.resolve({ authorization: 'A' })],
    ['a Headers', () => new Headers({ authorization: 'A' })],
    ['a list of pairs', () => [['AUTHORIZATION', 'A']]],
    ['a map', () => new Map([['authorization', 'A']])],
  ];
  it.each(forms)('may give %s, and wins over headers and token', async (_, factory) => {
    const details = await ask(factory, {
      authToken: 'token',
      headers: { authorization: 'H', 'x-other': 'h' },
      fetchOptions: { headers: { authorization: 'F', 'x-other': 'f', 'x-third': 'f' } },
    });
    expect(details.value).toBe(true);
    expect([sent('authorization'), sent('x-other'), sent('x-third')]).toEqual([['A'], ['h'], ['f']]);
  });

  it('may leave the authorization to the others', async () => {
    await ask(() => ({ 'x-request': '1' }), { authToken: 'token' });
    expect([sent('authorization'), sent('x-request')]).toEqual([['Bearer token'], ['1']]);
  });

  it('is called for each attempt, so that credentials can rotate', async () => {
    server.script({ status: 503 }, { status: 503 }, good);
    let calls = 0;
    const details = await ask(async () => ({ authorization: `Bearer ${++calls}` }), { retries: 2 });
    expect(details.value).toBe(true);
    expect(sent('authorization')).toEqual(['Bearer 1', 'Bearer 2', 'Bearer 3']);
  });

  it('is not called when the context cannot be sent', async () => {
    const factory = jest.fn(() => ({}));
    await ask(factory);
    const details = await provider?.resolveBooleanEvaluation('flag', false, { limit: NaN });
    expect(details?.errorCode).toBe('INVALID_CONTEXT');
    expect(factory).toHaveBeenCalledTimes(1);
  });

  const failures: readonly (readonly [string, () => unknown, RegExp])[] = [
    [
      'throws',
      () => {
        throw new Error('vault is sealed');
      },
      /"headersFactory" failed: vault is sealed/,
    ],
    [
      'throws a text',
      () => {
        throw 'vault is sealed' as unknown as Error;
      },
      /"headersFactory" failed: vault is sealed/,
    ],
    ['rejects', () => Promise.reject(new Error('vault is away')), /"headersFactory" failed: vault is away/],
    [
      'quotes values of headers that are the same for all users',
      () => {
        throw new Error('the flagship application is sealed');
      },
      /"headersFactory" failed: the flagship application is sealed/,
    ],
    ['never settles', () => new Promise(() => undefined), /within 1000 ms/],
    ['gives undefined', () => undefined, /"headersFactory" failed: .*(object|pairs)/],
    ['gives null', () => null, /"headersFactory" failed: .*(object|pairs)/],
    ['gives a text', () => SECRET, /"headersFactory" failed: .*(object|pairs)/],
    ['gives a list of texts', () => [SECRET], /"headersFactory" failed: .*pairs/],
    ['gives a bad name', () => ({ 'a b': SECRET }), /"headersFactory" failed: "a b" is no header name/],
    [
      'gives a bad value',
      () => ({ authorization: `${SECRET}\n${SECRET}` }),
      /"headersFactory" failed: .*"authorization"/,
    ],
    [
      'gives a value that is no text',
      () => ({ authorization: { SECRET } }),
      /"headersFactory" failed: .*"authorization"/,
    ],
  ];
  describe.each(failures)('that %s', (name, factory, message) => {
    const limits = name === 'never settles' ? { timeout: 1000 } : {};

    it('leaves the default and says why, without a request', async () => {
      let calls = 0;
      const details = await ask(
        (() => {
          calls++;
          return factory();
        }) as Factory,
        limits,
      );
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
      expect(details.errorMessage).toMatch(message);
      expect(details.errorMessage).not.toContain('s3cret');
      expect(calls).toBe(2);
      expect(server.requests).toHaveLength(0);
    });

    it('once, is asked again', async () => {
      let calls = 0;
      const details = await ask((() => (calls++ === 0 ? factory() : {})) as Factory, limits);
      expect(details.value).toBe(true);
    });
  });

  it('takes its time from the time limit', async () => {
    server.script(() => undefined);
    const time = stopTime();
    const slowly: Factory = () => new Promise((resolve) => setTimeout(() => resolve({}), 1500));
    const details = ask(slowly, { timeout: 1600, retries: 0 });
    await time.advance(1500);
    await server.received(1);
    expect(await time.settlesWithin(details, 100)).toBe(true);
    expect((await details).errorMessage).toMatch(/within 1600 ms/);
  });
});

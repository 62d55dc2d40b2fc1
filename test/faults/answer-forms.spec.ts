import { type FlagshipProviderOptions } from 'nestjs-flagship';
import { openProviders, answer } from '../fixtures/open-providers';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useServer } from '../fixtures/use-server';

const servers = useServer();
let server: ScriptedServer;
beforeAll(async () => (server = await servers.start()));
const open = openProviders(() => server);

const CLIENTS: Readonly<Record<string, Partial<FlagshipProviderOptions>>> = {
  'the built-in client': {},
  'the global fetch': { fetch: (...args) => globalThis.fetch(...args) },
  'a fetch without a stream': {
    fetch: async (...args) => {
      const response = await globalThis.fetch(...args);
      return { status: response.status, headers: response.headers, text: () => response.text() } as never;
    },
  },
};
const user = { targetingKey: 'secret-user' };
const { body: plain } = answer(true);
const forms: readonly (readonly [string, string])[] = [
  ['plain', JSON.stringify(plain)],
  ['in the envelope', JSON.stringify({ success: true, errors: [], messages: [], result: plain })],
  ['after a byte order mark', `\ufeff${JSON.stringify(plain)}`],
  ['in the envelope after a byte order mark', `\ufeff${JSON.stringify({ success: true, result: plain })}`],
];

describe.each(Object.entries(CLIENTS))('with %s', (_, client) => {
  it.each(forms)('an answer is read: %s', async (__, body) => {
    server.script({ body });
    for (const contextTransport of ['query', 'body'] as const) {
      const details = await open({ ...client, contextTransport }).resolveBooleanEvaluation(
        'flag',
        false,
        user,
      );
      expect(details).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
    }
  });

  it.each([200, 400, 500])(
    'HTTP %i with an envelope of failure is an error without secrets',
    async (status) => {
      const message = 'no flag for secret-user with Bearer secret-token';
      const body = {
        success: false,
        errors: [{ code: 10001, message }],
        result: null,
        errorCode: 'INVALID_CONTEXT',
      };
      server.script({ status, body: `\ufeff${JSON.stringify(body)}` });
      for (const contextTransport of ['query', 'body'] as const) {
        const provider = open({ ...client, contextTransport, authToken: 'secret-token' });
        const details = await provider.resolveBooleanEvaluation('flag', false, user);
        expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
        expect(details.errorMessage).toContain('no flag for');
        expect(details.errorMessage).not.toContain('secret');
      }
    },
  );

  it.each([
    ['INVALID_CONTEXT', 1],
    ['NEW', 2],
  ])('HTTP 200 with an envelope of failure, %s, takes %i requests', async (errorCode, requests) => {
    server.script({ body: { success: false, errorCode } });
    const provider = open({ ...client, retries: 1, retryDelay: 0 });
    await provider.resolveBooleanEvaluation('flag', false, user);
    expect(server.requests).toHaveLength(requests);
  });

  it('a URL that is too long for a proxy is named with a remedy', async () => {
    server.script({ status: 414 });
    const { errorMessage } = await open(client).resolveBooleanEvaluation('flag', false, user);
    expect(errorMessage).toMatch(/HTTP 414.*query of \d+ bytes.*"contextTransport" to "body"/);
  });

  it('a URL that is too long for the server is named with a remedy, which works', async () => {
    server.script(answer(true));
    const context = { text: 'secret'.repeat(4000) };
    const asQuery = open({ ...client, contextTransport: 'query' });
    const { errorMessage } = await asQuery.resolveBooleanEvaluation('flag', false, context);
    expect(errorMessage).toMatch(/HTTP 431.*query have \d+ bytes: set "contextTransport" to "body"/);
    expect(errorMessage).not.toContain('secret');
    for (const contextTransport of ['body', 'auto', undefined] as const) {
      const provider = open({ ...client, contextTransport });
      expect(await provider.resolveBooleanEvaluation('flag', false, context)).toMatchObject({ value: true });
    }
  });

  it('a header that is too large for the server is named', async () => {
    server.script(answer(true));
    const provider = open({ ...client, headers: { 'x-large': 'secret'.repeat(5000) } });
    const { errorMessage } = await provider.resolveBooleanEvaluation('flag', false, user);
    expect(errorMessage).toMatch(/HTTP 431.*"x-large" with 30000 bytes: check "headers"/);
    expect(errorMessage).not.toContain('secret');
  });
});

it.each([
  ['a byte order mark and an envelope', `\ufeff{"success":false,"errors":[{"message":"the reason"}]}`],
  ['errorMessage', '{"errorMessage":"the reason"}'],
])('a failed download says what went wrong: %s', async (_, body) => {
  server.script({ status: 500, body });
  const provider = open({ localEvaluation: true, accountId: 'account' });
  await expect(provider.initialize()).rejects.toThrow('Flagship answered HTTP 500. the reason');
});

it.each([
  ['an envelope of failure', { success: false, errors: [{ message: 'no app for Bearer secret-token' }] }],
  ['a failure with flags', { success: false, errorMessage: 'no app for secret-token', flags: {} }],
  ['another document', { flags: 'no app for secret-token' }],
])('a download of %s is an error without secrets', async (_, body) => {
  server.script({ body });
  const provider = open({ localEvaluation: true, accountId: 'account', authToken: 'secret-token' });
  const failure: unknown = await provider.initialize().catch((error: unknown) => error);
  expect(String(failure)).toMatch(/no app for (?!.*secret)/);
});

it.each(['the code', 'no code'])('a download with "success": false and %s shows no secrets', async (kind) => {
  const message = 'the token secret-token (Bearer secret-token) is bad';
  const code = kind === 'the code' ? { errorCode: 'GENERAL' } : {};
  server.script({ body: { success: false, errors: [{ message }], errorMessage: '', ...code } });
  const provider = open({ localEvaluation: true, accountId: 'account', authToken: 'secret-token' });
  await expect(provider.initialize()).rejects.toThrow(
    'Flagship answered "success": false. the token [hidden] (Bearer [hidden]) is bad',
  );
});

it('an unexpected 304 is not called a redirect', async () => {
  server.script({ status: 304 });
  const { errorMessage } = await open().resolveBooleanEvaluation('flag', false, user);
  expect(errorMessage).toBe('Flagship answered HTTP 304.');
});

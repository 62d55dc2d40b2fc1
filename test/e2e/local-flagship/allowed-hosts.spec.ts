import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship, type LocalFlagshipOptions } from 'nestjs-flagship/local';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();
const start = (options: Partial<LocalFlagshipOptions> = {}): Promise<LocalFlagship> =>
  servers.startFlagship({ flags: { a: true }, ...options });

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const PATH = '/client/v4/accounts/local/flagship/apps/local/evaluate?flagKey=a';

/** Sends these header lines, as they are, and nothing that a client would add. */
async function send({ port }: LocalFlagship, lines: readonly string[], version = '1.1'): Promise<Answer> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (data) => (text += String(data)));
  socket.write([`GET ${PATH} HTTP/${version}`, ...lines, 'connection: close', '', ''].join('\r\n'), 'latin1');
  await once(socket, 'close');
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  return {
    status: Number(text.split(' ')[1]),
    body: (body.startsWith('{') ? JSON.parse(body) : {}) as Record<string, unknown>,
  };
}
const statusFor = async (flagship: LocalFlagship, host: string, ...more: string[]) =>
  (await send(flagship, [`host: ${host}`, ...more])).status;

const LOOPBACK = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'localhost:8787',
  'localhost:',
  '127.0.0.1',
  '127.0.0.1:1',
  '127.8.9.10',
  '127.1',
  '[::1]',
  '[::1]:8787',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
];
const STRANGERS = [
  'evil.example',
  'evil.example:8787',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'evil.localhost.example',
  'xlocalhost',
  'localhost@evil.example',
  'user@localhost',
  'localhost/evil',
  'localhost, evil.example',
  'localhost evil.example',
  'localhost:80:80',
  'http://localhost',
  '[::1',
  '[::1]evil',
  '[::1%lo]',
  'l\u00f6calhost',
  '..',
  '0x7f.0.0.1.nip.example',
];

describe('a local Flagship on a loopback address', () => {
  it.each(LOOPBACK)('serves the host %s', async (host) => {
    expect(await statusFor(await start(), host)).toBe(200);
  });

  it.each([...STRANGERS, '0.0.0.0', '192.0.2.7', '[2001:db8::1]', 'flagship'])(
    'refuses the host %s',
    async (host) => {
      const flagship = await start();
      const { status, body } = await send(flagship, [`host: ${host}`]);
      expect([status, body.errorCode]).toEqual([403, 'GENERAL']);
      expect(body.errorDetails).toMatch(
        /is not an allowed host \(protection against DNS rebinding\).*localhost.*allowedHosts.*--allowed-host/,
      );
      expect(await statusFor(flagship, 'localhost')).toBe(200);
    },
  );

  it('refuses a request that names no host, or more than one', async () => {
    const flagship = await start();
    expect(await send(flagship, [], '1.0')).toMatchObject({ status: 403, body: { errorCode: 'GENERAL' } });
    expect((await send(flagship, [])).status).toBe(400);
    expect((await send(flagship, ['host:'])).status).toBe(403);
    for (const hosts of [
      ['localhost', 'evil.example'],
      ['evil.example', 'localhost'],
      ['localhost', 'localhost'],
    ]) {
      const { status } = await send(
        flagship,
        hosts.map((host) => `host: ${host}`),
      );
      expect([hosts, status >= 400]).toEqual([hosts, true]);
    }
  });

  it('takes no other header for the host', async () => {
    const flagship = await start();
    expect(await statusFor(flagship, 'evil.example', 'x-forwarded-host: localhost')).toBe(403);
    expect(await statusFor(flagship, 'localhost', 'x-forwarded-host: evil.example')).toBe(200);
  });

  it('serves the names it is told to, in any case, and no others', async () => {
    const flagship = await start({ allowedHosts: ['Flagship', 'flags.internal', '192.0.2.7'] });
    for (const host of ['flagship', 'FLAGSHIP:8787', 'flags.internal.', '192.0.2.7', 'localhost', '[::1]']) {
      expect([host, await statusFor(flagship, host)]).toEqual([host, 200]);
    }
    for (const host of ['flagship.evil.example', 'other.internal', '192.0.2.8', 'evil.example']) {
      expect([host, await statusFor(flagship, host)]).toEqual([host, 403]);
    }
  });

  it('judges the host before it looks at the token', async () => {
    const flagship = await start({ authToken: 'secret' });
    expect(await statusFor(flagship, 'evil.example', 'authorization: Bearer secret')).toBe(403);
    expect(await statusFor(flagship, 'localhost')).toBe(401);
    expect(await statusFor(flagship, 'localhost', 'authorization: Bearer secret')).toBe(200);
  });

  it('serves no name but its own, whatever the name', async () => {
    const flagship = await start();
    const label = fc.stringMatching(/^[a-z\d][a-z\d-]{0,8}$/);
    const name = fc
      .tuple(
        fc.constantFrom('localhost', '127.0.0.1', '::1', 'evil', ''),
        fc.array(label, { minLength: 1, maxLength: 3 }),
      )
      .map(([front, labels]) => [front, ...labels, 'example'].filter((part) => part !== '').join('.'));
    await fc.assert(
      fc.asyncProperty(name, async (host) => {
        expect(await statusFor(flagship, host)).toBe(403);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a local Flagship that other machines can reach', () => {
  it.each(['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0'])(
    'does not start on %s without a token',
    async (host) => {
      await expect(start({ host })).rejects.toMatchObject({
        code: 'CONFIGURATION_ERROR',
        message: expect.stringMatching(
          /"host" is .*other machines can reach.*authToken.*--auth-token.*127\.0\.0\.1/,
        ),
      });
    },
  );

  it('does not start on an address of this machine without a token', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of others)
      await expect(start({ host: address })).rejects.toThrow(/token is needed/);
  });

  it.each(['127.0.0.1', '127.0.0.2', 'localhost'])('needs none on %s, which they cannot', async (host) => {
    expect((await start({ host })).port).toBeGreaterThan(0);
  });

  it('serves addresses, and the names it is told to', async () => {
    const flagship = await start({ host: '0.0.0.0', authToken: 'secret', allowedHosts: ['flagship'] });
    const token = 'authorization: Bearer secret';
    for (const host of [...LOOPBACK, '0.0.0.0', '192.0.2.7:8787', '[2001:db8::1]:8787', 'flagship:8787']) {
      expect([host, await statusFor(flagship, host, token)]).toEqual([host, 200]);
    }
    for (const host of STRANGERS) {
      expect([host, await statusFor(flagship, host, token)]).toEqual([host, 403]);
    }
    expect(await statusFor(flagship, 'flagship')).toBe(401);
  });

  it('is found by the url that it gives', async () => {
    const { url: baseUrl, accountId, appId } = await start({ host: '0.0.0.0', authToken: 'secret' });
    const provider = new FlagshipServerProvider({ baseUrl, accountId, appId, authToken: 'secret' });
    expect(await provider.resolveBooleanEvaluation('a', false, {})).toMatchObject({ value: true });
    await provider.onClose();
  });
});

it.each([
  ['text', 'flagship'],
  ['a URL', ['http://flagship']],
  ['a wildcard', ['*.internal']],
  ['nothing', ['']],
  ['a number', [7]],
])('allowedHosts cannot be %s', async (_, allowedHosts) => {
  await expect(start({ allowedHosts: allowedHosts as never })).rejects.toThrow(
    /"allowedHosts" must be a list of names/,
  );
});

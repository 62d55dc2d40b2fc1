import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { type Run, useBuiltPackage } from '../fixtures/use-built-package';
import { useServer } from '../fixtures/use-server';
import { waitUntil } from '../fixtures/wait-until';

describe('the command nestjs-flagship', () => {
  const built = useBuiltPackage();
  const servers = useServer();
  const { run } = built;

  beforeAll(() => {
    writeFileSync(join(built.folder, 'flags.json'), '{"new-checkout": true}');
  });

  const cli = (...args: string[]) => run('dist/cli/main.js', ...args);

  describe('local', () => {
    async function begin(...args: string[]): Promise<Run & { url: string }> {
      const started = cli('local', '--flags', 'flags.json', '--port', '0', ...args);
      await waitUntil(() => started.output().includes('Ctrl-C') || started.errors() !== '', 'it has started');
      expect(started.errors()).toBe('');
      return { ...started, url: /baseUrl: '([^']+)'/.exec(started.output())?.[1] ?? '' };
    }

    it.each(['SIGINT', 'SIGTERM'] as const)(
      'prints what to paste, serves, and stops on %s',
      async (signal) => {
        const { child, output, errors, ended, url } = await begin();
        expect(output()).toContain(`FlagshipModule.forRoot({
    baseUrl: '${url}',
    accountId: 'local',
    appId: 'local',
  })`);
        const response = await fetch(
          `${url}/client/v4/accounts/local/flagship/apps/local/evaluate?flagKey=new-checkout`,
        );
        expect(await response.json()).toMatchObject({ value: true, reason: 'STATIC' });
        child.kill(signal);
        expect(await ended).toEqual([0, null]);
        expect(output()).toMatch(/Stopped\.\n$/);
        expect(errors()).toBe('');
      },
    );

    it('serves the given account and app with a token, which it does not print', async () => {
      const args = [
        '--account-id',
        'acc',
        '--app-id',
        'shop',
        '--auth-token',
        's3cret',
        '--host',
        'localhost',
      ];
      const { output, url } = await begin(...args);
      expect(output()).toMatch(/accountId: 'acc',\n {4}appId: 'shop',\n {4}authToken: /);
      expect(output()).not.toContain('s3cret');
      const path = `${url}/client/v4/accounts/acc/flagship/apps/shop/evaluate?flagKey=new-checkout`;
      expect((await fetch(path)).status).toBe(401);
      expect((await fetch(path, { headers: { authorization: 'Bearer s3cret' } })).status).toBe(200);
    });

    it('serves other machines with a token, under the allowed names', async () => {
      const hosts = ['--allowed-host', 'flagship', '--allowed-host', 'flags.internal'];
      const { url } = await begin('--host', '0.0.0.0', '--auth-token', 's3cret', ...hosts);
      const { port } = new URL(url);
      const path = '/client/v4/accounts/local/flagship/apps/local/evaluate?flagKey=new-checkout';
      const statusFor = async (host: string) => {
        const headers = { host, authorization: 'Bearer s3cret' };
        const [response] = await once(get({ host: '127.0.0.1', port, path, headers }), 'response');
        return (response as IncomingMessage).resume().statusCode;
      };
      for (const host of ['flagship', 'flags.internal:8787', '127.0.0.1'])
        expect(await statusFor(host)).toBe(200);
      expect(await statusFor('evil.example')).toBe(403);
    });

    it('reports a broken edit and goes on', async () => {
      const file = join(built.folder, 'edited.json');
      writeFileSync(file, '{"a": 1}');
      const { errors, output, url } = await begin('--flags', file);
      writeFileSync(file, '{"a": 1]}');
      await waitUntil(() => errors() !== '', 'the mistake is told');
      expect(errors()).toMatch(/^\[local Flagship\] .*edited\.json:1:8: not valid JSON.*stay as they were/);
      expect(output()).not.toContain('Stopped');
      const response = await fetch(`${url}/client/v4/accounts/local/flagship/apps/local/evaluate?flagKey=a`);
      expect(response.status).toBe(200);
    });
  });

  const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown command', ['serve'], /There is no command "serve"[^]*Usage: nestjs-flagship local/],
    ['no file', ['local'], /--flags flags\.json/],
    ['a blank file', ['local', '--flags', ' '], /Name the file of flags/],
    [
      'a blank token where one is needed',
      ['local', '--flags', 'flags.json', '--host', '0.0.0.0', '--auth-token', ''],
      /other machines can reach.*--auth-token/,
    ],
    [
      'the scheme without a token',
      ['local', '--flags', 'flags.json', '--auth-token', 'Bearer '],
      /"authToken" must be a token/,
    ],
    ['a file that is missing', ['local', '--flags', 'nope.json'], /cannot be read: ENOENT.*nope\.json/],
    [
      'a port that is none',
      ['local', '--flags', 'flags.json', '--port', 'abc'],
      /port.*whole number from 0 to 65535/,
    ],
    [
      'a port too high',
      ['local', '--flags', 'flags.json', '--port', '70000'],
      /port.*whole number from 0 to 65535/,
    ],
    [
      'a host that other machines can reach, without a token',
      ['local', '--flags', 'flags.json', '--port', '0', '--host', '0.0.0.0'],
      /other machines can reach.*--auth-token/,
    ],
    [
      'an allowed host that is none',
      ['local', '--flags', 'flags.json', '--port', '0', '--allowed-host', 'http://flagship'],
      /"allowedHosts" must be a list of names/,
    ],
    ['an unknown option', ['local', '--flags', 'flags.json', '--prot', '1'], /--prot/],
    ['an option without its value', ['local', '--flags'], /--flags/],
    ['a stray argument', ['local', 'flags.json'], /flags\.json/],
  ];
  it.each(refusals)('refuses %s with a sentence instead of a stack', async (_, args, message) => {
    const { ended, errors, output } = cli(...args);
    expect(await ended).toEqual([1, null]);
    expect(errors()).toMatch(message);
    expect(errors()).not.toMatch(/\n\s+at /);
    expect(output()).toBe('');
  });

  it('refuses a port that is taken', async () => {
    const flagship = await servers.startFlagship({ flags: { a: 1 } });
    const { ended, errors } = cli('local', '--flags', 'flags.json', '--port', String(flagship.port));
    expect(await ended).toEqual([1, null]);
    expect(errors()).toMatch(/address already in use/);
  });

  it.each([[[]], [['--help']], [['-h']], [['help']], [['local', '--help']]])(
    'prints its usage when it is called with %j',
    async (args) => {
      const { ended, output } = cli(...args);
      expect(await ended).toEqual([0, null]);
      expect(output()).toMatch(/^Usage: nestjs-flagship local --flags <file>/);
    },
  );

  describe('a process that uses the provider ends by itself', () => {
    const script = (after: string) => `
      const { FlagshipServerProvider } = require('./dist/provider');
      const provider = new FlagshipServerProvider({
        endpoint: process.argv[1], timeout: 60000, retries: 5, retryDelay: 30000, cacheTtl: 60000,
      });
      const ask = () => provider.resolveBooleanEvaluation('flag', false, {});
      ${after}`;
    const good = { body: { flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' } };
    const cases = [
      ['after an answer, unclosed', good, `ask().then(({ value }) => console.log(value));`, 'true\n'],
      [
        'once closed with a request under way',
        () => undefined,
        `
        ask().then(({ errorCode }) => console.log(errorCode));
        process.stdin.once('data', () => { process.stdin.destroy(); provider.onClose(); });`,
        'GENERAL\n',
      ],
      [
        'once closed in the pause before a repetition',
        { status: 503 },
        `
        ask().then(({ errorCode }) => console.log(errorCode));
        process.stdin.once('data', () => { process.stdin.destroy(); provider.onClose(); });`,
        'GENERAL\n',
      ],
    ] as const;

    it.each(cases)('%s', async (_, answer, after, expected) => {
      const server = await servers.start(answer);
      const { child, ended, output, errors } = run('-e', script(after), `${server.url}/evaluate`);
      await server.received(1);
      if (after.includes('stdin')) child.stdin.write('close\n');
      expect(await ended).toEqual([0, null]);
      expect([output(), errors()]).toEqual([expected, '']);
    });
  });
});

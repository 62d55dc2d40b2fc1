import { once } from 'node:events';
import { connect } from 'node:net';
import { type LocalFlagshipOptions } from 'nestjs-flagship/local';
import { pathOf, sendTo } from '../../fixtures/flagship-client';
import { within } from '../../fixtures/within';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();

describe('start and stop', () => {
  it('closes at once, whatever connections are open', async () => {
    const flagship = await servers.startFlagship({ flags: { a: 1 } });
    const idle = connect(flagship.port, '127.0.0.1');
    const halfway = connect(flagship.port, '127.0.0.1');
    const sockets = [idle, halfway];
    const closed = sockets.map((socket) => once(socket.on('error', () => undefined).resume(), 'close'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    halfway.write(
      `POST ${pathOf(flagship, 'evaluate')} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"flagKey":`,
    );
    const agentAnswer = await fetch(`${flagship.url}${pathOf(flagship, 'evaluate?flagKey=a')}`);
    await agentAnswer.text();
    // Node itself ends a connection without a request after 60 s, and a request that never ends after 300 s.
    await within(30_000, flagship.close());
    await within(30_000, Promise.all(closed));
    await flagship.close();
    await expect(sendTo(flagship, '/')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('rejects if the port is taken', async () => {
    const { port } = await servers.startFlagship({ flags: { a: 1 } });
    await expect(servers.startFlagship({ flags: { a: 1 }, port })).rejects.toThrow(
      /EADDRINUSE.+\. Give another "port" \(--port on the command line\); 0 takes a free one\.$/,
    );
  });

  it('listens on the given host', async () => {
    const flagship = await servers.startFlagship({ flags: { a: 1 }, host: 'localhost' });
    expect(flagship.url).toMatch(/^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/);
    expect(flagship.port).toBeGreaterThan(0);
  });

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', undefined, /"flags"|options/],
    ['no flags', {}, /"flags" is missing/],
    ['empty path', { flags: '' }, /"flags" is missing/],
    ['flags: 7', { flags: 7 }, /"flags" must be/],
    ['flags: []', { flags: [] }, /must be an object/],
    ['port: 70000', { flags: {}, port: 70_000 }, /"port" must be a whole number from 0 to 65535/],
    ['port: "8787"', { flags: {}, port: '8787' }, /"port"/],
    ['host: 7', { flags: {}, host: 7 }, /"host"/],
    ['accountId: 7', { flags: {}, accountId: 7 }, /"accountId"/],
    ['appId: 7', { flags: {}, appId: 7 }, /"appId"/],
    ['authToken: 7', { flags: {}, authToken: 7 }, /"authToken"/],
    ['report: 7', { flags: {}, report: 7 }, /"report"/],
    ['an unknown option', { flags: {}, prot: 1 }, /no option "prot".*port/],
  ];
  it.each(bad)('refuses %s', async (_, options, message) => {
    await expect(servers.startFlagship(options as LocalFlagshipOptions)).rejects.toThrow(message);
  });
});

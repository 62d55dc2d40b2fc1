import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import promises from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ProviderEvents } from '@openfeature/server-sdk';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { startLocalFlagship } from 'nestjs-flagship/local';
import { waitUntil } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { useProcessWatch } from '../../fixtures/use-process-watch';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useFolder } from '../../fixtures/use-folder';

/** The file is looked at once a second, and later on a busy machine. */
const SOON = 60_000;
jest.setTimeout(180_000);

const folder = useFolder();
let path: string;
const lines = useLog();
useProcessWatch();
const cleanUp = useCleanup();

beforeEach(() => {
  path = folder('flags.json');
});

const write = (value: unknown, to = path): void => {
  writeFileSync(to, JSON.stringify({ flag: value }));
};
async function open(definitions = path): Promise<FlagshipServerProvider> {
  const provider = new FlagshipServerProvider({ definitions });
  cleanUp(() => provider.onClose());
  await provider.initialize();
  return provider;
}
const valueOf = async (provider: FlagshipServerProvider) =>
  (await provider.resolveStringEvaluation('flag', 'default', {})).value;
const becomes = (provider: FlagshipServerProvider, value: string) =>
  waitUntil(async () => (await valueOf(provider)) === value, `the flag becomes ${value}`, SOON);
const told = (pattern: RegExp) =>
  waitUntil(() => lines.some((line) => pattern.test(line)), `a line like ${String(pattern)}`, SOON);

describe('a path that is no regular file', () => {
  const kinds: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['a FIFO', () => execFileSync('mkfifo', [path]), /is a FIFO, not a regular file/],
    ['a device that never ends', () => symlinkSync('/dev/zero', path), /is a device, not a regular file/],
    ['a directory', () => mkdirSync(path), /is a directory/],
    ['a link that leads nowhere', () => symlinkSync('/no/such/file', path), /ENOENT/],
    ['a link to itself', () => symlinkSync(path, path), /ELOOP/],
    [
      'more than 32 MB',
      () => {
        // At once, so that no look finds a part of it.
        writeFileSync(`${path}.new`, `{"flag":"one","more":"${'x'.repeat(33 * 1024 * 1024)}"}`);
        renameSync(`${path}.new`, path);
      },
      /is larger than 33554432 bytes/,
    ],
  ];

  it.each(kinds)('stops the start at once: %s', async (_, make, problem) => {
    make();
    expect(() => new FlagshipServerProvider({ definitions: path })).toThrow(problem);
    await expect(startLocalFlagship({ flags: path })).rejects.toThrow(problem);
  });

  it.each(kinds)(
    'in place of the file changes nothing, and is reported once: %s',
    async (_, make, problem) => {
      write('one');
      const provider = await open();
      rmSync(path);
      make();
      await told(problem);
      expect(await valueOf(provider)).toBe('one');
      rmSync(path, { recursive: true });
      write('two');
      await becomes(provider, 'two');
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/The flags stay as they were\.$/);
    },
  );

  it('stops the start at once: a socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(() => new FlagshipServerProvider({ definitions: path })).toThrow(/cannot be read/);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('edits', () => {
  it('that keep length, time and number of the file are seen', async () => {
    write('one');
    const { atime, mtime } = statSync(path);
    // Not written just now.
    utimesSync(path, atime, new Date(mtime.getTime() - 60_000));
    const provider = await open();
    await waitUntil(async () => (await promises.stat(path)).ctimeMs < Date.now() - 2500, 'a while', SOON);
    const before = statSync(path);
    write('two');
    utimesSync(path, before.atime, before.mtime);
    await becomes(provider, 'two');
  });

  it('that follow each other quickly end with the last one', async () => {
    write('one');
    const provider = await open();
    for (let edit = 0; edit < 200; edit++) write(`edit-${edit}`);
    await becomes(provider, 'edit-199');
    expect(lines).toEqual([]);
  });

  it('by removing and creating the file are followed, and not reported', async () => {
    write('one');
    const provider = await open();
    for (const value of ['two', 'three']) {
      rmSync(path);
      write(value);
      await becomes(provider, value);
    }
    rmSync(path);
    await told(/ENOENT/);
    write('four');
    await becomes(provider, 'four');
    expect(lines).toHaveLength(1);
  });

  it('of a mounted ConfigMap are followed: a link to a folder is replaced', async () => {
    const version = (name: string): void => {
      mkdirSync(folder(name));
      write(name, folder(join(name, 'flags.json')));
      symlinkSync(name, folder('..data_tmp'));
      renameSync(folder('..data_tmp'), folder('..data'));
    };
    version('one');
    symlinkSync(join('..data', 'flags.json'), path);
    const provider = await open();
    for (const name of ['two', 'three']) {
      version(name);
      await becomes(provider, name);
    }
    rmSync(folder('one'), { recursive: true });
    expect(lines).toEqual([]);
  });

  it('through another name of the file are followed', async () => {
    write('one');
    linkSync(path, folder('other'));
    const provider = await open();
    write('two', folder('other'));
    await becomes(provider, 'two');
  });

  it('that are broken in the same way twice are reported twice', async () => {
    write('one');
    const provider = await open();
    for (const value of ['two', 'three']) {
      writeFileSync(path, '{');
      await told(/not valid JSON/);
      expect(lines.splice(0)).toHaveLength(1);
      write(value);
      await becomes(provider, value);
    }
  });

  it('that are nested so deep that no parser says where they are broken change nothing', async () => {
    write('one');
    const provider = await open();
    writeFileSync(path, `{"flag":${'['.repeat(100_000)}`);
    await told(/flags\.json:.*not valid JSON/);
    expect(await valueOf(provider)).toBe('one');
  });

  it('are followed although a handler throws', async () => {
    write('one');
    const provider = await open();
    jest.spyOn(provider.events, 'emit').mockImplementation(() => {
      throw new Error('a handler');
    });
    write('two');
    await becomes(provider, 'two');
    write('three');
    await becomes(provider, 'three');
    await told(/A listener of the flags has failed: a handler/);
  });

  it('are followed although the report of the local Flagship throws', async () => {
    const printed: string[] = [];
    jest.spyOn(console, 'error').mockImplementation((line) => void printed.push(String(line)));
    write('one');
    const flagship = await startLocalFlagship({
      flags: path,
      report: () => {
        throw new Error('a report');
      },
    });
    cleanUp(() => flagship.close());
    const { url: baseUrl, accountId, appId } = flagship;
    const provider = new FlagshipServerProvider({ baseUrl, accountId, appId });
    cleanUp(() => provider.onClose());
    writeFileSync(path, '{"flag":{"variations":1},"other":1}');
    await waitUntil(
      async () => (await provider.resolveNumberEvaluation('other', 0, {})).value === 1,
      'the edit',
      SOON,
    );
    expect(printed).toEqual([expect.stringMatching(/"flag" is malformed.*"report" has failed: a report/)]);
    write('two');
    await becomes(provider, 'two');
  });
});

/** The waits `definitionsFile`. */
describe('waits: definitionsFile', () => {
  it.each(['stat', 'open'] as const)(
    'a file system that hangs (%s) is looked at once, is told of, holds nothing up, and is followed again',
    async (name) => {
      write('one');
      const provider = await open();
      const release: (() => void)[] = [];
      const original = promises[name] as (...args: unknown[]) => Promise<unknown>;
      const hung = jest
        .spyOn(promises, name)
        .mockImplementation(
          ((...args: unknown[]) =>
            new Promise((resolve) => release.push(() => resolve(original(...args))))) as never,
        );
      write('two');
      await told(/check of the flags file did not finish within 5000 ms.*stay as they were/);
      expect(hung).toHaveBeenCalledTimes(1);
      expect(await valueOf(provider)).toBe('one');
      hung.mockRestore();
      for (const go of release) go();
      await becomes(provider, 'two');
      write('three');
      await becomes(provider, 'three');
      expect(lines).toHaveLength(1);
    },
  );

  it('a hanging file system does not hold up closing, nor what is opened after it', async () => {
    write('one');
    const provider = await open();
    const changes: unknown[] = [];
    provider.events.addHandler(ProviderEvents.ConfigurationChanged, (details) => void changes.push(details));
    const release: ((error: Error) => void)[] = [];
    const hung = jest
      .spyOn(promises, 'stat')
      .mockImplementation(() => new Promise((_, reject) => release.push(reject)));
    await waitUntil(() => release.length > 0, 'a look', SOON);
    await provider.onClose();
    await provider.initialize();
    hung.mockRestore();
    write('two');
    release[0]!(new Error('late'));
    await becomes(provider, 'two');
    expect(changes).toHaveLength(1);
    expect(lines).toEqual([]);
  });
});

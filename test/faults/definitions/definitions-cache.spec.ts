import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { hostname } from 'node:os';
import { type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { openProviders } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';
import { useFolder } from '../../fixtures/use-folder';
import { useBuiltPackage } from '../../fixtures/use-built-package';

const SOON = 60_000;
jest.setTimeout(180_000);

const servers = useServer();
let server: ScriptedServer;
const folder = useFolder();
let definitionsCache: string;
const lines = useLog();
const openAny = openProviders(() => server);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));
beforeEach(() => {
  definitionsCache = folder('kept.json');
});

const open = (options: Partial<FlagshipProviderOptions> = {}): FlagshipServerProvider =>
  openAny({
    localEvaluation: true,
    accountId: 'account',
    refreshInterval: 60_000,
    definitionsCache,
    ...options,
  });
const flag = (value: string, etag?: string) => serves(fixedFlags({ flag: value }), etag);
const valueOf = async (provider: FlagshipServerProvider) => {
  const { value, errorCode } = await provider.resolveStringEvaluation('flag', 'default', {});
  return errorCode ?? value;
};
const kept = (): string => (existsSync(definitionsCache) ? readFileSync(definitionsCache, 'utf8') : '');
const drafts = (): string[] => readdirSync(folder()).filter((name) => name.endsWith('.tmp'));

/** A disk on which opening a draft hangs until it is released. */
function hangWrites() {
  const held: (() => void)[] = [];
  const original = promises.open;
  const spy = jest
    .spyOn(promises, 'open')
    .mockImplementation(((path: string, ...rest: never[]) =>
      path.endsWith('.tmp')
        ? new Promise((resolve) => held.push(() => resolve(original(path, ...rest))))
        : original(path, ...rest)) as never);
  return {
    held,
    release: () => {
      spy.mockRestore();
      for (const go of held) go();
    },
  };
}

describe('waits: definitionsCacheWrite, definitionsCacheIdle', () => {
  it('a disk that hangs holds up neither start nor refresh; writes do not pile up, and the newest wins', async () => {
    const disk = hangWrites();
    server.script(flag('one'));
    const provider = open({ refreshInterval: 30 });
    await within(SOON, provider.initialize());
    expect(await valueOf(provider)).toBe('one');
    for (const value of ['two', 'three', 'four']) {
      server.script(flag(value, `"${value}"`));
      expect(await within(SOON, provider.refresh())).toBe(true);
      expect(await valueOf(provider)).toBe(value);
    }
    // With a tag: the timer goes on, and an answer that is the same again is not written again.
    server.script(flag('five', '"five"'));
    await waitUntil(async () => (await valueOf(provider)) === 'five', 'the timer goes on', SOON);
    await waitUntil(() => lines.length > 0, 'a warning', SOON);
    expect(lines).toEqual([
      expect.stringMatching(/^warn .*could not be kept.*"definitionsCache".*did not finish within 10000 ms/),
    ]);
    expect(disk.held).toHaveLength(1);
    const renamed = jest.spyOn(promises, 'rename');
    disk.release();
    await waitUntil(() => kept().includes('five'), 'the newest is kept', SOON);
    expect(renamed.mock.calls).toHaveLength(2);
    expect(drafts()).toEqual([]);
  });

  it('a disk that hangs does not hold up closing, nor opening again', async () => {
    const disk = hangWrites();
    server.script(flag('one'));
    const provider = open();
    await within(SOON, provider.initialize());
    await within(SOON, provider.onClose());
    server.script(flag('two'));
    await within(SOON, provider.initialize());
    expect(await valueOf(provider)).toBe('two');
    disk.release();
    await waitUntil(() => kept().includes('two'), 'the newest is kept', SOON);
    await provider.onClose();
    expect(drafts()).toEqual([]);
  });

  it('a folder that cannot be listed in time does not keep definitions from being used', async () => {
    jest.spyOn(promises, 'readdir').mockReturnValue(new Promise(() => undefined));
    server.script(flag('one'));
    const provider = open();
    await within(SOON, provider.initialize());
    expect(await valueOf(provider)).toBe('one');
    await waitUntil(() => kept().includes('one'), 'they are kept', SOON);
    await within(SOON, provider.onClose());
  });
});

describe('waits: definitionsCacheRead', () => {
  it('a disk that hangs holds up a start without Flagship for five seconds', async () => {
    const original = promises.open;
    jest.spyOn(promises, 'open').mockReturnValue(new Promise(() => undefined));
    server.script({ status: 503 });
    const provider = open({ refreshInterval: 30 });
    await within(SOON, expect(provider.initialize()).rejects.toThrow(/HTTP 503/));
    expect(lines).toEqual([expect.stringMatching(/cannot be used: The read of .* within 5000 ms/)]);
    jest.spyOn(promises, 'open').mockImplementation(original);
    server.script(flag('one'));
    await waitUntil(async () => (await valueOf(provider)) === 'one', 'the flags come alive', SOON);
  });
});

describe('a definitionsCache that is no regular file', () => {
  it.each([
    ['a FIFO', () => void execFileSync('mkfifo', [definitionsCache]), /is a FIFO/],
    ['a directory', () => void promises.mkdir(definitionsCache), /is a directory/],
  ])('is neither read nor replaced: %s', async (_, make, problem) => {
    make();
    server.script({ status: 503 });
    const provider = open();
    await expect(within(SOON, provider.initialize())).rejects.toThrow(/HTTP 503/);
    expect(lines.splice(0)).toEqual([expect.stringMatching(problem)]);
    server.script(flag('one'));
    expect(await provider.refresh()).toBe(true);
    await waitUntil(() => lines.length > 0, 'a warning', SOON);
    expect(lines).toEqual([expect.stringMatching(/could not be kept.*is not a regular file/)]);
    expect(statSync(definitionsCache).isFile()).toBe(false);
    expect(readdirSync(folder())).toEqual(['kept.json']);
  });

  it('holds definitions of the largest size, quotation marks included', async () => {
    const text = JSON.stringify({ flags: fixedFlags({ flag: 'one', large: '"'.repeat(12 * 1024 * 1024) }) });
    server.script((response) => void response.writeHead(200).end(text));
    const provider = open({ timeout: 60_000 });
    await provider.initialize();
    await provider.onClose();
    expect(lines).toEqual([]);
    server.script({ status: 503 });
    await waitUntil(() => drafts().length === 0 && readdirSync(folder()).length === 1, 'it is kept', SOON);
    const next = open();
    await next.initialize();
    expect(await valueOf(next)).toBe('one');
  });
});

describe('definitions from the disk', () => {
  it('are reported where a flag is malformed, once, and followed by what Flagship says', async () => {
    const flags = { ...fixedFlags({ flag: 'one' }), bad: { enabled: true }, worse: 7 };
    server.script(serves(flags));
    const provider = open();
    await provider.initialize();
    await provider.onClose();
    lines.length = 0;
    server.script({ status: 503 });
    const next = open();
    await next.initialize();
    const malformed = () => lines.filter((line) => line.includes('malformed'));
    expect(malformed()).toEqual([
      expect.stringMatching(/"bad" is malformed at bad\.variations.*PARSE_ERROR/),
      expect.stringMatching(/"worse" is malformed at worse:.*PARSE_ERROR/),
    ]);
    expect(next.stats().definitions).toEqual({ confirmedAt: undefined });
    server.script(serves(flags));
    expect(await next.refresh()).toBe(true);
    expect(malformed()).toHaveLength(2);
    expect(next.stats().definitions?.confirmedAt).toBeInstanceOf(Date);
  });
});

describe('a process that is killed while it writes', () => {
  const built = useBuiltPackage();
  const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  const number = '0123456789ab';
  const draft = (name: string, ageMs = 0): string => {
    const path = folder(name);
    writeFileSync(path, 'half');
    const at = new Date(Date.now() - ageMs);
    utimesSync(path, at, at);
    return name;
  };

  it('leaves a draft, which the next start removes', async () => {
    const text = JSON.stringify({ flags: fixedFlags({ flag: 'x'.repeat(8 * 1024 * 1024) }) });
    server.script((response) => void response.writeHead(200).end(text));
    const script = `
      const { FlagshipServerProvider } = require('./dist');
      new FlagshipServerProvider({
        endpoint: '${server.url}/evaluate', accountId: 'account', localEvaluation: true, refreshInterval: 1,
        definitionsCache: ${JSON.stringify(definitionsCache)}, timeout: 60000,
      }).initialize();`;
    for (let attempt = 0; attempt < 20 && drafts().length === 0; attempt++) {
      const { child, ended } = built.run('-e', script);
      await waitUntil(() => drafts().length > 0, 'the file is being written', SOON);
      child.kill('SIGKILL');
      await ended;
    }
    expect(drafts()).toHaveLength(1);
    server.script({ status: 503 });
    const provider = open();
    await provider.initialize().catch(() => undefined);
    await provider.onClose();
    expect(drafts()).toEqual([]);
  });

  it('is told apart from a process that still runs, and from other files', async () => {
    const { pid } = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    const dead = pid!;
    await waitUntil(() => {
      try {
        process.kill(dead, 0);
        return false;
      } catch {
        return true;
      }
    }, 'the process has ended');
    const hour = 3_600_000;
    const stay = [
      draft(`kept.json.${host}-${process.ppid}-${number}.tmp`),
      draft(`kept.json.${host}-${process.pid}-${number}.tmp`),
      draft(`kept.json.ffffffff-${dead}-${number}.tmp`),
      draft(`kept.json.${number}.tmp`),
      draft('kept.json.tmp', 2 * hour),
      draft('kept.json.backup.tmp', 2 * hour),
      draft(`other.json.${host}-${dead}-${number}.tmp`, 2 * hour),
    ];
    draft(`kept.json.${host}-${dead}-${number}.tmp`);
    draft(
      `kept.json.${host}-${process.pid}-${number.replace('0', 'f')}.tmp`,
      1000 * process.uptime() + 60_000,
    );
    draft(`kept.json.ffffffff-${dead}-${number.replace('0', 'f')}.tmp`, 2 * hour);
    draft(`kept.json.${number.replace('0', 'f')}.tmp`, 2 * hour);
    server.script(flag('one'));
    const provider = open();
    await provider.initialize();
    await provider.onClose();
    expect(readdirSync(folder()).toSorted()).toEqual([...stay, 'kept.json'].toSorted());
    expect(lines).toEqual([]);
  });
});

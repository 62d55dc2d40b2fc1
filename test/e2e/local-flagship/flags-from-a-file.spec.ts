import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { waitUntil } from '../../fixtures/wait-until';
import { byAttribute, call, valueOf } from '../../fixtures/flagship-client';
import { useServer } from '../../fixtures/use-server';

const servers = useServer();

describe('flags in a file', () => {
  let folder: string;
  let path: string;
  let problems: string[];
  const write = (content: unknown, to = path) => {
    writeFileSync(to, typeof content === 'string' ? content : JSON.stringify(content));
  };
  const watch = () => servers.startFlagship({ flags: path, report: (problem) => problems.push(problem) });
  const becomes = (flagship: LocalFlagship, expected: unknown, flagKey = 'flag') =>
    waitUntil(
      async () => (await valueOf(flagship, flagKey)) === expected,
      `"${flagKey}" becomes ${String(expected)}`,
    );
  const reported = (pattern: RegExp) =>
    waitUntil(() => problems.some((problem) => pattern.test(problem)), `a report like ${String(pattern)}`);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flags-'));
    path = join(folder, 'flags.json');
    problems = [];
    write({ flags: { flag: 1 } });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('take effect when they are edited, again and again', async () => {
    const flagship = await watch();
    for (const value of [2, 3, 4]) {
      write({ flags: { flag: value, more: 'x'.repeat(value) } });
      await becomes(flagship, value);
    }
    expect(problems).toEqual([]);
  });

  it('may be edited right after the start, to the same length', async () => {
    const flagship = await watch();
    write({ flags: { flag: 2 } });
    await becomes(flagship, 2);
  });

  it('stay as they were if an edit is broken; its line and column are reported', async () => {
    const flagship = await watch();
    write('{\n  "flags": {\n    "flag": 2\n  ]\n}\n');
    await reported(/flags\.json:4:3: not valid JSON.*stay as they were/);
    expect(await valueOf(flagship, 'flag')).toBe(1);
    write({ flags: { flag: 3 } });
    await becomes(flagship, 3);
  });

  it.each([
    ['{"flag": 1', /:1:11: not valid JSON/],
    ['', /:1:1: not valid JSON/],
    ['{"flag": 1 # one\n}', /:1:12: not valid JSON/],
    ["{'flag': 1}", /:1:2: not valid JSON/],
    ['[1]', /must be an object/],
    ['{"flags": []}', /"flags" must be an object/],
  ])('stay as they were: %j', async (content, problem) => {
    const flagship = await watch();
    write(content);
    await reported(problem);
    expect(await valueOf(flagship, 'flag')).toBe(1);
  });

  it('stay as they were one by one if an edit breaks a flag', async () => {
    const flagship = await watch();
    write({ flags: { flag: { ...byAttribute('equals', 1), rules: [{}] }, other: 2 } });
    await becomes(flagship, 2, 'other');
    expect(await valueOf(flagship, 'flag')).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/"flag" is malformed at flag\.rules\[0\]\.conditions.*stays as it was/),
    ]);
    write({ flags: { flag: 5 } });
    await becomes(flagship, 5);
  });

  it('report the current problem of a flag that has never been valid', async () => {
    write({ flags: { flag: { ...byAttribute('equals', 1), enabled: 'yes' } } });
    const flagship = await watch();
    write({ flags: { flag: { ...byAttribute('equals', 1), rules: [{}] }, other: 2 } });
    await becomes(flagship, 2, 'other');
    expect(problems.at(-1)).toMatch(/flag\.rules\[0\]\.conditions.*answers PARSE_ERROR/);
    const { body } = await call(flagship, 'evaluate?flagKey=flag');
    expect(body.errorDetails).toMatch(/flag\.rules\[0\]\.conditions/);
  });

  it('survive the file’s deletion, and follow it when it is back', async () => {
    const flagship = await watch();
    rmSync(path);
    await reported(/cannot be read.*ENOENT.*stay as they were/);
    expect(await valueOf(flagship, 'flag')).toBe(1);
    write({ flags: { flag: 2 } });
    await becomes(flagship, 2);
  });

  it('follow a file that is replaced, as editors do', async () => {
    const flagship = await watch();
    for (const value of [2, 3]) {
      write({ flags: { flag: value } }, `${path}.new`);
      renameSync(`${path}.new`, path);
      await becomes(flagship, value);
    }
  });

  it('may begin with a byte order mark', async () => {
    write('\ufeff{"flag": 2}');
    expect(await valueOf(await watch(), 'flag')).toBe(2);
  });

  it('may be served twice; closing one leaves the other following', async () => {
    const [one, two] = [await watch(), await watch()];
    await one.close();
    write({ flags: { flag: 22 } });
    await becomes(two, 22);
  });

  it.each([
    ['is missing', undefined, /cannot be read.*ENOENT/],
    ['is broken', '{"flag": 1;}', /flags\.json:1:11: not valid JSON/],
    ['holds no flags', '7', /must be an object/],
  ])('are refused at start when the file %s', async (_, content, message) => {
    if (content === undefined) rmSync(path);
    else write(content);
    await expect(watch()).rejects.toThrow(message);
  });
});

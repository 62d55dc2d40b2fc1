import { rmSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { useFakeTime } from '../../fixtures/fake-time';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useFolder } from '../../fixtures/use-folder';
import { useLog } from '../../fixtures/captured-log';

let path: string;
let provider: FlagshipServerProvider;
const cleanUp = useCleanup();
const folder = useFolder();
const lines = useLog();
const stopTime = useFakeTime();

const write = (text: string): void => {
  writeFileSync(path, text);
};
const valueOf = async () => (await provider.resolveNumberEvaluation('flag', 0, {})).value;

beforeEach(async () => {
  path = folder('flags.json');
  write('{"flag":1}');
  provider = new FlagshipServerProvider({ definitions: path });
  cleanUp(() => provider.onClose());
  await provider.initialize();
});

describe('refresh() of a flags file', () => {
  it('reads an edit that was made before the call', async () => {
    for (let edit = 2; edit < 10; edit++) {
      write(`{"flag":${edit}}`);
      expect(await provider.refresh()).toBe(true);
      expect(await valueOf()).toBe(edit);
    }
    expect(await provider.refresh()).toBe(true);
  });

  it.each([
    [
      'is gone',
      () => {
        rmSync(path);
      },
      /cannot be read: .*ENOENT.*stay as they were/,
    ],
    [
      'cannot be parsed',
      () => {
        write('{"flag":');
      },
      /not valid JSON.*stay as they were/,
    ],
  ])('says so when the file %s, until it is right again', async (_, spoil, problem) => {
    spoil();
    for (let call = 0; call < 3; call++) expect(await provider.refresh()).toBe(false);
    expect(await valueOf()).toBe(1);
    expect(lines).toEqual([expect.stringMatching(problem)]);
    write('{"flag":1}');
    expect(await provider.refresh()).toBe(true);
  });

  it('during a look reads once more, because that look may have come before the edit', async () => {
    const { open } = promises;
    let edit: (() => void) | undefined = () => {
      write('{"flag":2}');
    };
    // The first look has read the old text when the edit comes.
    const read = jest.spyOn(promises, 'open').mockImplementation(async (...values) => {
      const file = await open(...values);
      const readFile = file.readFile.bind(file);
      jest.spyOn(file, 'readFile').mockImplementation(async () => {
        const bytes = await readFile();
        edit?.();
        if (edit !== undefined) second = provider.refresh();
        edit = undefined;
        return bytes;
      });
      return file;
    });
    let second: Promise<boolean> | undefined;
    expect(await provider.refresh()).toBe(true);
    expect(await second).toBe(true);
    expect(await valueOf()).toBe(2);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('does not wait for a file system that hangs', async () => {
    jest.spyOn(promises, 'stat').mockReturnValue(new Promise<never>(() => undefined));
    const time = stopTime();
    const refreshed = provider.refresh();
    expect(await time.settlesWithin(refreshed, 60_000)).toBe(true);
    expect(await refreshed).toBe(false);
  });
});

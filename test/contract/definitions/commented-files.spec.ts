import { writeFileSync } from 'node:fs';
import { type JsonValue } from '@openfeature/server-sdk';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { useLog } from '../../fixtures/captured-log';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useFolder } from '../../fixtures/use-folder';
import { useServer } from '../../fixtures/use-server';

const lines = useLog();
const cleanUp = useCleanup();
const folder = useFolder();
const servers = useServer();

function open(text: string | Buffer): FlagshipServerProvider {
  writeFileSync(folder('flags.json'), text);
  const provider = new FlagshipServerProvider({ definitions: folder('flags.json') });
  cleanUp(() => provider.onClose());
  return provider;
}

const objectOf = async (provider: FlagshipServerProvider, key: string) =>
  (await provider.resolveObjectEvaluation<JsonValue>(key, {}, {})).value;

describe('a file with comments and trailing commas', () => {
  const texts: readonly (readonly [string, string, unknown])[] = [
    ['a comment before', '// who changed it last\n{"a":[1]}', [1]],
    ['a comment behind', '{"a":[1]} // done', [1]],
    ['a comment of several lines', '{/* for\nall */"a":[1]}', [1]],
    ['trailing commas', '{"a":[1,2,],}', [1, 2]],
    ['a comment behind a trailing comma', '{"a":[1, /* two */ ], // last\n}', [1]],
    ['a byte order mark', '\ufeff// c\n{"a":[1,]}', [1]],
    ['line ends of Windows', '{\r\n  "a": [1], // one\r\n}\r\n', [1]],
    ['what looks like both in texts', '{"a":["//x",",]","/*y*/","\\",}"],}', ['//x', ',]', '/*y*/', '",}']],
    ['a list of flags', '[{"key":"a","variations":{"v":[1]},"default_variation":"v","enabled":true,},]', [1]],
  ];
  it.each(texts)('is read: %s', async (_, text, value) => {
    expect(await objectOf(open(text), 'a')).toEqual(value);
    expect(lines).toEqual([]);
  });

  it.each([
    ['UTF-16, as Windows PowerShell writes it', (text: string) => Buffer.from(text, 'utf16le')],
    ['UTF-16, big-endian', (text: string) => Buffer.from(text, 'utf16le').swap16()],
  ])('is read in %s', async (_, encode) => {
    const provider = open(encode('\ufeff{"a":["ü€"], /* c */ }'));
    expect(await objectOf(provider, 'a')).toEqual(['ü€']);
  });

  it('is read by the local Flagship', async () => {
    writeFileSync(folder('flags.json'), '{ "flags": { "a": true, /* more */ }, }');
    const { url: baseUrl, accountId, appId } = await servers.startFlagship({ flags: folder('flags.json') });
    const provider = new FlagshipServerProvider({ baseUrl, accountId, appId });
    cleanUp(() => provider.onClose());
    expect((await provider.resolveBooleanEvaluation('a', false, {})).value).toBe(true);
  });

  it('has the same keys as without them, whatever they are', async () => {
    const provider = open('{"__proto__":{"polluted":true},"constructor":[1],/* */}');
    expect(await objectOf(provider, '__proto__')).toEqual({ polluted: true });
    expect(await objectOf(provider, 'constructor')).toEqual([1]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /:1:1: not valid JSON/],
    ['blanks', ' \n', /:2:1: not valid JSON/],
    ['a comment alone', '// none', /:1:8: not valid JSON/],
    ['a comment without an end', '{"a":1} /* open', /:1:9: not valid JSON/],
    ['a comma alone', '{,}', /:1:2: not valid JSON/],
    ['two trailing commas', '{"a":1,,}', /:1:8: not valid JSON/],
    ['a comma behind the end', '{"a":1},', /:1:8: not valid JSON/],
    ['a mistake behind a comment', '{\n  // one\n  "a": tru,\n}', /:3:8: not valid JSON/],
    ['names without quotes', '{a:1}', /:1:2: not valid JSON/],
    ['a web page', '<!doctype html>\n<title>Sign in</title>', /not valid JSON.*begins as a web page does/],
    ['comments in a depth beyond the stack', `// c\n${'['.repeat(200_000)}`, /not valid JSON/],
  ];
  it.each(broken)('is refused with the place: %s', (_, text, problem) => {
    expect(() => open(text)).toThrow(problem);
  });
});

it('a file of other JSON is refused with its path', () => {
  expect(() => open('null')).toThrow(/flags\.json: Flags must be an object/);
});

describe('a path', () => {
  it.each(['{"flags":{"a":true}}', '{ "a": true }', '[{"key":"a"}]', '{}', '[ ]'])(
    'that is JSON itself is refused by what it is: %s',
    (definitions) => {
      expect(() => new FlagshipServerProvider({ definitions })).toThrow(/is JSON.*JSON\.parse/);
    },
  );

  it('may hold brackets', () => {
    expect(() => new FlagshipServerProvider({ definitions: './[slug]/{flags}.json' })).toThrow(/ENOENT/);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { FlagshipLogger, framesOf, logLine, print, printProblem, writeSafely } from '.';

const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Characters that a terminal, an editor or a log collector interprets. */
const control = fc.constantFrom(
  ...['\n', '\r', '\r\n', '\t', '\0', '\u001b[2J', '\u001b]0;title\u0007', '\u009b31m', '\u007f', '\u0085'],
  ...[
    '\u2028',
    '\u2029',
    '\u202a',
    '\u202e',
    '\u2066',
    '\u2069',
    '\u200b',
    '\u200f',
    '\ufeff',
    '\u{e0041}',
    '\ud800',
  ],
);
const hostileText = fc.array(fc.oneof(control, fc.string({ unit: 'binary' }))).map((parts) => parts.join(''));

afterEach(() => jest.restoreAllMocks());

describe('logLine', () => {
  it('is one line of visible characters, of a limited length, whatever the text', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const line = logLine(text);
        expect(line).not.toMatch(CONTROL_CHARACTERS);
        expect(logLine(line)).toBe(line);
      }),
    );
    expect(logLine('x'.repeat(1_000_000))).toHaveLength(4096);
  });

  it('keeps visible characters, and escapes the others', () => {
    const fine = 'Flag "größe" is "東京 😀" (variant, C:\\new) – ключ';
    expect(logLine(fine)).toBe(fine);
    expect(logLine('a\nb\r\t\u001b[31m\u202ec\u{e0041}')).toBe('a\\nb\\r\\t\\u001b[31m\\u202ec\\u{e0041}');
  });
});

describe('FlagshipLogger', () => {
  it('writes each argument as one line of an entry', () => {
    const written: unknown[] = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((entry: unknown) => void written.push(entry));
    new FlagshipLogger('Flagship').warn('one\nand more', 'two');
    expect(written).toEqual(['one\\nand more\ntwo']);
  });

  it.each(['log', 'warn', 'error'] as const)('ignores a logger whose "%s" throws', (level) => {
    jest.spyOn(Logger.prototype, level).mockImplementation(() => {
      throw new Error('disk full');
    });
    expect(() => {
      new FlagshipLogger('Flagship')[level]('a line');
    }).not.toThrow();
  });
});

it('writeSafely ignores a logger that rejects', async () => {
  const log = { warn: () => Promise.reject(new Error('disk full')) };
  writeSafely(log, 'warn', 'a line');
  await new Promise(setImmediate);
});

it('framesOf returns the call sites of an error, without its message', () => {
  const frames = framesOf(new Error('message-one\nat-message-two\nmessage-three'));
  expect(frames.length).toBeGreaterThan(0);
  expect(frames.join('\n')).not.toMatch(/message-/);
  expect([framesOf('text'), framesOf(Object.assign(new Error(), { stack: 7 }))]).toEqual([[], []]);
  const hostile = Object.defineProperty(new Error(), 'stack', {
    get: () => {
      throw new Error('no');
    },
  });
  expect(framesOf(hostile)).toEqual([]);
});

it('print and printProblem escape all control characters but line breaks', () => {
  const written: unknown[] = [];
  const write = (entry: unknown): void => void written.push(entry);
  jest.spyOn(console, 'log').mockImplementation(write);
  jest.spyOn(console, 'error').mockImplementation(write);
  print('one\ntwo\u001b[2J');
  printProblem('three\r');
  expect(written).toEqual(['one\ntwo\\u001b[2J', 'three\\r']);
});

it('no other folder writes to Nest’s logger or the console', () => {
  const root = join(__dirname, '..');
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith('logging'),
  );
  expect(sources.length).toBeGreaterThan(100);
  const others = sources.filter((name) =>
    /new (?:Console)?Logger\(|^ *console\.|process\.std(?:out|err)/m.test(
      readFileSync(join(root, name), 'utf8'),
    ),
  );
  expect(others).toEqual([]);
});

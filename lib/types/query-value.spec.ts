import fc from 'fast-check';
import { readQueryValue } from '.';

describe('readQueryValue', () => {
  it.each<[string, unknown]>([
    ['true', true],
    ['false', false],
    ['0', 0],
    ['1', 1],
    ['-1', -1],
    ['42', 42],
    ['2026', 2026],
    ['2.5', 2.5],
    ['-1.5', -1.5],
    ['0.1', 0.1],
    ['0.000001', 0.000001],
    ['1e-7', 1e-7],
    ['-1.5e-9', -1.5e-9],
    ['5e-324', 5e-324],
    ['123456.789', 123456.789],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
  ])('reads "%s" as another type', (text, value) => {
    expect(readQueryValue(text)).toBe(value);
  });

  it.each([
    ...['', ' ', ' 1', '1 ', '\t1', '1\n', '\ufeff1', '\u00a01'],
    ...[
      '007',
      '00',
      '-0',
      '-00',
      '+1',
      '+0',
      '--1',
      '-',
      '.',
      '-.',
      '.5',
      '-.5',
      '5.',
      '1.0',
      '1.50',
      '0.10',
    ],
    ...['1e3', '1E3', '1e+3', '1e21', '1e+21', '-1e+21', '1E-7', '1e-07', '1.7976931348623157e+308', '1e400'],
    ...['9007199254740992', '9007199254740993', '-9007199254740992', '12345678901234567890'],
    ...['0.1000000000000000055', '100000000000000000000'],
    ...['Infinity', '-Infinity', '+Infinity', 'NaN', '-NaN', 'null', 'undefined'],
    ...['0x10', '-0x10', '0b1', '0o7', '1_000', '1,000', '1n', '10n', '1/2', '१', '１', '¼', '1.2.3', '1-1'],
    ...['True', 'TRUE', ' true', 'true ', 'FALSE', 'yes', 'on'],
    ...['{"a":1}', '[1]', '"1"', '2026-10-01', '1970-01-01T00:00:00.000Z', '127.0.0.1', '12:00'],
  ])('keeps the text "%s"', (text) => {
    expect(readQueryValue(text)).toBe(text);
  });

  it('changes the type of a text only to one that prints as that text', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[-+]?[\d.e]{1,20}$/),
      fc.integer().map(String),
      fc.double().map(String),
      fc.bigInt().map(String),
    );
    fc.assert(
      fc.property(text, (given) => {
        const value = readQueryValue(given);
        expect(String(value)).toBe(given);
        const number = Number(given);
        const isCanonical = String(number) === given && Number.isFinite(number);
        const isExact = !Number.isInteger(number) || Number.isSafeInteger(number);
        expect(typeof value === 'number').toBe(isCanonical && isExact);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads back the number that was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.double({ noInteger: true, noNaN: true })), (number) => {
        fc.pre(Number.isFinite(number));
        expect(readQueryValue(String(number))).toBe(number);
      }),
    );
  });
});

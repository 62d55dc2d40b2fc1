import fc from 'fast-check';
import { redact, redactValues } from './redact';

/** The encodings in which servers, proxies and programs quote a text. */
const encodings: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  'for a URL': encodeURIComponent,
  'for a form': (text) => new URLSearchParams([['a', text]]).toString().slice(2),
  'for a URL, twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'for a URL, every byte, in lower case': (text) =>
    Buffer.from(text)
      .toString('hex')
      .replace(/../g, (byte) => `%${byte}`),
  'as JSON': (text) => JSON.stringify(text),
  'as JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)),
  'as character codes': (text) =>
    Array.from(
      { length: text.length },
      (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  'as HTML': (text) => Array.from(text, (character) => `&#${character.codePointAt(0) ?? 0};`).join(''),
  'as hexadecimal HTML': (text) =>
    Array.from(text, (character) => `&#x${(character.codePointAt(0) ?? 0).toString(16)};`).join(''),
  'as base64': (text) => Buffer.from(text).toString('base64'),
  'as base64 for URLs': (text) => Buffer.from(text).toString('base64url'),
  'as hexadecimal': (text) => Buffer.from(text).toString('hex'),
  'in capitals': (text) => text.toUpperCase(),
  'as UTF-8 that was read as Latin-1': (text) => Buffer.from(text).toString('latin1'),
  'as Latin-1 for a URL': (text) =>
    Array.from(Buffer.from(text, 'latin1'), (byte) => `%${byte.toString(16)}`).join(''),
  'with accents of their own': (text) => text.normalize('NFD'),
  'as octal codes': (text) =>
    Array.from(Buffer.from(text), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  'with a space after each character': (text) => Array.from(text).join(' '),
  'with invisible characters': (text) => Array.from(text).join('\u200b'),
  'with an ellipsis': (text) => `${text.slice(0, Math.max(8, text.length - 3))}…`,
};
const names = Object.keys(encodings);
const frames: readonly ((quoted: string) => string)[] = [
  (quoted) => quoted,
  (quoted) => `No user ${quoted} here.`,
  (quoted) => `request to http://127.0.0.1:1/evaluate?a=${quoted} failed, reason: connect ECONNREFUSED`,
  (quoted) => `Cannot GET /evaluate?plan=pro&targetingKey=${quoted}`,
  (quoted) => JSON.stringify({ received: { context: { targetingKey: quoted } } }),
  (quoted) => `${'-'.repeat(280)}${quoted}`,
  (quoted) => `${'word '.repeat(203)}${quoted}`,
];

/** Values of any characters, long enough not to occur by coincidence. */
const value = fc
  .tuple(
    fc.string({ unit: 'grapheme', maxLength: 10 }),
    fc.uuid(),
    fc.string({ unit: 'grapheme-ascii', maxLength: 6 }),
  )
  .map(([start, middle, end]) => `${start}${middle.slice(0, 13)}${end}`.trim());
const marker = (text: string): string => /[0-9a-f]{8}-[0-9a-f]{4}/.exec(text)?.[0] ?? text;

/** Whether the text holds a value in one of the encodings. */
function leaks(text: string, secret: string): boolean {
  const wanted = marker(secret);
  return names.some((name) => {
    const form = encodings[name]?.(wanted) ?? wanted;
    return text.toLowerCase().includes(form.replace(/…$/, '').toLowerCase());
  });
}

describe('redact', () => {
  const carriers: Readonly<Record<string, (secret: string) => Parameters<typeof redact>[1]>> = {
    'the query': (secret) => ({
      headers: {},
      path: `/evaluate?${new URLSearchParams({ flagKey: 'flag', plan: 'pro', targetingKey: secret }).toString()}`,
    }),
    'the body': (secret) => ({
      headers: {},
      path: '/evaluate',
      body: JSON.stringify({ flagKey: 'flag', context: { targetingKey: secret, plan: 'pro' } }),
    }),
    'the depth of the body': (secret) => ({
      headers: {},
      body: JSON.stringify({ flagKey: 'flag', context: { user: { list: [{ [secret]: 1 }, secret] } } }),
    }),
    'a header': (secret) => ({ headers: { 'x-api-key': secret } }),
  };

  it.each(Object.keys(carriers))('removes a value of %s in every encoding', (carrier) => {
    const frame = fc.constantFrom(...frames);
    const encoding = fc.constantFrom(...names);
    fc.assert(
      fc.property(value, frame, encoding, (secret, inFrame, name) => {
        const request = carriers[carrier]?.(secret) ?? { headers: {} };
        const text = redact(inFrame(encodings[name]?.(secret) ?? secret), request);
        expect(leaks(text, secret)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  const context = (attributes: object) => ({
    headers: { authorization: 'Bearer s3cret', accept: 'application/json' },
    path: '/app/evaluate',
    body: JSON.stringify({ flagKey: 'flag', context: attributes }),
  });

  it.each([
    ['no such user', 'no such user', {}],
    ['"plan" must be one of free, pro', '"plan" must be one of free, [hidden]', { plan: 'pro' }],
    ['the provider is gone', 'the provider is gone', { plan: 'pro' }],
    ['user 42 is unknown, 420 is not', 'user [hidden] is unknown, 420 is not', { id: 42 }],
    ['trial=true is true', 'trial=[hidden] is true', { trial: true }],
    ['{"size":"M"} is no M', '{"size":"[hidden]"} is no M', { size: 'M' }],
    ['ann@example.com, ANN@EXAMPLE.COM', '[hidden]', { mail: 'ann@example.com' }],
    ['for ann@example.com only', 'for [hidden] only', { mail: 'ann@example.com' }],
    ['Basic and Bearer are schemes', 'Basic and Bearer are schemes', {}],
    ['s3cret is wrong', '[hidden] is wrong', {}],
    ['token=abc', 'token=[hidden]', {}],
    ['{"password": "abc"}', '{"password": "[hidden]"}', {}],
    ['Bearer abc.def', 'Bearer [hidden]', {}],
    ['see eyJhbGciOi.eyJzdWIi.abc', 'see [hidden]', {}],
    ['at https://me:pw@host:8443/a/b?c=d#e now', 'at https://host:8443/[hidden] now', {}],
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1', { ip: '10.0.0.1' }],
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED [hidden]:1', { ip: '127.0.0.1' }],
    ['', '', { plan: 'pro' }],
  ])('turns "%s" into "%s"', (text, expected, attributes) => {
    expect(redact(text, context(attributes))).toBe(expected);
  });

  it.each(['ZoÃ« MÃ¼ller', 'Zo%EB+M%FCller', 'Zoe\u0308 Mu\u0308ller', 'ZO\\u00cb M\\u00dcLLER'])(
    'finds "Zoë Müller" in "%s"',
    (text) => {
      expect(redact(`no ${text} here`, context({ name: 'Zoë Müller' }))).toBe('[hidden]');
    },
  );

  it.each([
    ['+49 151 2345-6789', '+4915123456789'],
    ['4,915,123,456,789', 4915123456789],
    ['STRASSE', 'straße'],
    ['İSTANBUL', 'istanbul'],
    ['Jurgen Muller', 'Jürgen Müller'],
    ['J\\303\\274rgen', 'Jürgen'],
  ])('finds in "%s" the value %j', (text, id) => {
    expect(redact(`no ${text} here`, context({ id }))).not.toContain(text);
  });

  it('searches once for a value that a list holds many times', () => {
    const list = Array.from({ length: 5000 }, () => 'berlin');
    expect(redact('not in Berlin, or bonn', context({ list }))).toBe('[hidden]');
    expect(redact('not in berlin, or bonn', context({ list }))).toBe('not in [hidden], or bonn');
  });

  it('shows the words of every path of the API, in any case', () => {
    const path = '/client/v4/accounts/account-id/flagship/apps/app-id/evaluate?flagKey=flag';
    const text = 'Client network socket disconnected: accounts of the client cannot evaluate Flagship';
    expect(redact(text, { headers: {}, path })).toBe(text);
  });

  it('hides names that are data, and the password of basic credentials', () => {
    const body = JSON.stringify({ flagKey: 'flag', context: { seats: { 'ann@example.com': 1 } } });
    const authorization = `Basic ${Buffer.from('admin:hunter2').toString('base64')}`;
    const text = 'ann@example.com, seats, hunter2';
    expect(redact(text, { headers: { authorization }, body })).toBe('[hidden], seats, [hidden]');
  });

  it('hides the whole text for a request with too many values', () => {
    expect(redact('a text', context({ list: Array.from({ length: 501 }, (_, index) => index) }))).toBe(
      '[hidden]',
    );
  });

  it('is not slowed down by long texts and contexts', () => {
    const values = Array.from({ length: 400 }, (_, index) => ({
      name: 'a',
      text: `value ${index} `.repeat(9),
    }));
    const start = performance.now();
    for (const text of [
      '%25'.repeat(50_000),
      '\\'.repeat(100_000),
      'a'.repeat(1_000_000),
      '&#38;'.repeat(9999),
    ])
      redactValues(text, values);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('accepts any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, secret) => {
        expect(typeof redactValues(text, [{ name: 'a', text: secret }])).toBe('string');
      }),
    );
  });
});

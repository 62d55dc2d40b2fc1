/** How often a text is decoded: a proxy escapes what a server has escaped already. */
const MAX_ROUNDS = 4;
/** More readings of one text than this are not made. */
const MAX_READINGS = 32;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
};
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};
/** Escapes of URLs (and of mail), of programs and JSON, and of HTML. */
const ESCAPES =
  /((?:[%=][0-9a-f]{2})+)|\\u\{?([0-9a-f]{1,6})\}?|\\x([0-9a-f]{2})|((?:\\[0-3][0-7]{2})+)|\\([^])|&#x([0-9a-f]{1,6});|&#(\d{1,7});|&(amp|lt|gt|quot|apos|nbsp);/gi;

function fromCode(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** Bytes as text; as Latin-1 where they are not UTF-8. */
function fromBytes(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

/** Bytes as Git and shells write them, `\\303\\244`, in hexadecimal. */
function hexOf(octal: string): string {
  return octal.replace(/\\(\d{3})/g, (_, digits: string) =>
    parseInt(digits, 8).toString(16).padStart(2, '0'),
  );
}

function unescaped(text: string): string {
  return text.replace(
    ESCAPES,
    (
      _,
      bytes?: string,
      unit?: string,
      byte?: string,
      octal?: string,
      short?: string,
      hex?: string,
      decimal?: string,
      name?: string,
    ) => {
      if (bytes !== undefined) return fromBytes(bytes.replace(/[%=]/g, ''));
      if (octal !== undefined) return fromBytes(hexOf(octal));
      if (short !== undefined) return SHORT_ESCAPES[short] ?? short;
      const digits = unit ?? byte ?? hex;
      if (digits !== undefined) return fromCode(parseInt(digits, 16));
      if (decimal !== undefined) return fromCode(Number(decimal));
      return ENTITIES[name?.toLowerCase() ?? ''] ?? '';
    },
  );
}

/** UTF-8 that was taken for Latin-1, as text; nothing where it is none. */
function reread(text: string): string {
  if (!/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return '';
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** What of decoded bytes may be text; the rest is noise: the word was no encoding, or began elsewhere. */
const TEXTS = /[^\p{Cc}\ufffd]{4,}/gu;

interface Encoding {
  readonly name: 'base64' | 'hex';
  readonly words: RegExp;
  /** How many signs stand for a whole number of bytes: a word may have any sign of its own kind before it. */
  readonly signs: number;
}

const ENCODINGS: readonly Encoding[] = [
  { name: 'base64', words: /[\w+/-]{6,}/g, signs: 4 },
  { name: 'hex', words: /[0-9a-f]{8,}/gi, signs: 2 },
];

function decodedWords(text: string, { name, words, signs }: Encoding): string {
  const texts = (text.match(words) ?? []).flatMap((word) =>
    Array.from({ length: signs }, (_, start) => Buffer.from(word.slice(start), name).toString('utf8')),
  );
  return texts.flatMap((decoded) => decoded.match(TEXTS) ?? []).join('\n');
}

/**
 * All that a text can be read as: itself, and what it says with its escapes taken away, a few times over, and with
 * base64 and hexadecimal words decoded. Whoever looks for something in it looks in all of them.
 */
export function decodingsOf(text: string): ReadonlySet<string> {
  const readings = new Set([text]);
  let latest = [text];
  for (let round = 0; round < MAX_ROUNDS && latest.length > 0; round++) {
    const next = latest.flatMap((reading) => [
      unescaped(reading),
      reread(reading),
      ...ENCODINGS.map((encoding) => decodedWords(reading, encoding)),
    ]);
    latest = [...new Set(next)]
      .filter((reading) => reading !== '' && !readings.has(reading))
      .slice(0, MAX_READINGS - readings.size);
    for (const reading of latest) readings.add(reading);
  }
  return readings;
}

/** How often a text is decoded: a proxy may escape what a server has already escaped. */
const MAX_ROUNDS = 4;
/** The most decodings of one text, to bound the CPU time. */
const MAX_DECODINGS = 32;

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
/** Escapes of URLs and mail, of program code and JSON, and of HTML. */
const ESCAPES =
  /((?:[%=][0-9a-f]{2})+)|\\u\{?([0-9a-f]{1,6})\}?|\\x([0-9a-f]{2})|((?:\\[0-3][0-7]{2})+)|\\([^])|&#x([0-9a-f]{1,6});|&#(\d{1,7});|&(amp|lt|gt|quot|apos|nbsp);/gi;

function fromCode(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** Decodes bytes as UTF-8, or as Latin-1 if they are not UTF-8. */
function fromBytes(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

/** Converts octal escapes, as Git and shells write bytes (`\\303\\244`), to hexadecimal. */
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

/** Decodes UTF-8 that other code has read as Latin-1. Returns an empty text if it is not that. */
function latin1AsUtf8(text: string): string {
  if (!/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return '';
  return Buffer.from(text, 'latin1').toString('utf8');
}

/**
 * The parts of decoded bytes that may be text. Other bytes come from a word that was not encoded, or begins elsewhere.
 */
const TEXT_PARTS = /[^\p{Cc}\ufffd]{4,}/gu;

interface Encoding {
  readonly name: 'base64' | 'hex';
  readonly words: RegExp;
  /** Number of characters that encode whole bytes. The encoded text may begin at any of these offsets in a word. */
  readonly groupLength: number;
}

const ENCODINGS: readonly Encoding[] = [
  { name: 'base64', words: /[\w+/-]{6,}/g, groupLength: 4 },
  { name: 'hex', words: /[0-9a-f]{8,}/gi, groupLength: 2 },
];

/** Returns the text that the encoded words of a text hold. */
function decodedWords(text: string, { name, words, groupLength }: Encoding): string {
  const texts = (text.match(words) ?? []).flatMap((word) =>
    Array.from({ length: groupLength }, (_, start) => Buffer.from(word.slice(start), name).toString('utf8')),
  );
  return texts.flatMap((decoded) => decoded.match(TEXT_PARTS) ?? []).join('\n');
}

/**
 * Returns all texts that a text may stand for: itself, and the texts that decoding its escapes and its base64 and
 * hexadecimal words makes, a few times in a row. A search for a private value has to search all of them.
 */
export function decodingsOf(text: string): ReadonlySet<string> {
  const decodings = new Set([text]);
  let latest = [text];
  for (let round = 0; round < MAX_ROUNDS && latest.length > 0; round++) {
    const next = latest.flatMap((decoding) => [
      unescaped(decoding),
      latin1AsUtf8(decoding),
      ...ENCODINGS.map((encoding) => decodedWords(decoding, encoding)),
    ]);
    latest = [...new Set(next)]
      .filter((decoding) => decoding !== '' && !decodings.has(decoding))
      .slice(0, MAX_DECODINGS - decodings.size);
    for (const decoding of latest) decodings.add(decoding);
  }
  return decodings;
}

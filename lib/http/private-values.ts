import { type HeaderMap } from '../options';
import { isOrdinaryName } from '../types';

/** A private value that a request carries. */
export interface PrivateValue {
  /** Name of the header, the parameter or the attribute. */
  readonly name: string;
  readonly text: string;
}

/** The parts of a request that hold private values. */
export interface PrivateRequest {
  readonly headers: HeaderMap;
  /** Headers of the options, of which `headers` may hold replacements. */
  readonly optionHeaders?: HeaderMap;
  /** Path and query. */
  readonly path?: string;
  /** JSON. */
  readonly body?: string;
}

/** Headers of this package's own, which are the same for all users. */
const PUBLIC_HEADERS = new Set(['accept', 'accept-encoding', 'content-type', 'user-agent', 'if-none-match']);
/** Shorter parts of a header or a path identify nothing, and would match in any text. */
const MIN_PART_LENGTH = 6;
/** Segments of every path of Flagship's API. */
const PUBLIC_SEGMENTS = new Set(['client', 'accounts', 'flagship', 'evaluate', 'definitions']);

/** Returns the credentials of an `Authorization` header, in each form in which a text may quote them. */
function credentialsIn(value: string): string[] {
  const [, scheme = '', credentials = ''] = /^(\S+)\s+(.*)$/.exec(value) ?? [];
  // The scheme is public. What follows it is secret, however short.
  if (credentials === '') return [value];
  if (scheme.toLowerCase() !== 'basic') return [credentials];
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  return [credentials, decoded, ...decoded.split(':')];
}

function headerValues(headers: HeaderMap): PrivateValue[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (PUBLIC_HEADERS.has(name)) return [];
    const texts = name.endsWith('authorization') ? credentialsIn(value) : [value];
    const parts = texts
      .flatMap((text) => text.split(/[\s,;=]+/))
      .filter((part) => part.length >= MIN_PART_LENGTH);
    return [...texts, ...parts].map((text) => ({ name, text }));
  });
}

function pathValues(path: string): PrivateValue[] {
  const [pathname = '', query = ''] = path.split(/\?(.*)/s);
  const parameters = [...new URLSearchParams(query)].filter(([name]) => name !== 'flagKey');
  const segments = pathname
    .split('/')
    .filter((part) => part.length >= MIN_PART_LENGTH && !PUBLIC_SEGMENTS.has(part));
  return [
    ...segments.map((text) => ({ name: 'path', text })),
    ...parameters.flatMap(([name, text]) => [...privateNames(name), { name, text }]),
  ];
}

/** Returns the name of an attribute as a private value if it is data, such as a mail address that is used as a key. */
function privateNames(name: string): PrivateValue[] {
  return isOrdinaryName(name) ? [] : [{ name: '', text: name }];
}

/** Returns the scalars of a JSON value as private values, and the names in it that are data. */
export function contextValues(name: string, value: unknown): PrivateValue[] {
  if (Array.isArray(value)) return value.flatMap((item) => contextValues(name, item));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => [
      ...privateNames(key),
      ...contextValues(key, item),
    ]);
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? [{ name, text: String(value) }] : [];
}

function bodyValues(body: string): PrivateValue[] {
  const { context } = JSON.parse(body) as { readonly context?: unknown };
  return contextValues('context', context);
}

/** Returns the private values of a request: those of its headers, its path and query, and the context in its body. */
export function privateValues({ headers, optionHeaders, path, body }: PrivateRequest): PrivateValue[] {
  return [
    ...headerValues(headers),
    ...(optionHeaders === undefined ? [] : headerValues(optionHeaders)),
    ...(path === undefined ? [] : pathValues(path)),
    ...(body === undefined ? [] : bodyValues(body)),
  ];
}

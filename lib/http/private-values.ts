import { type HeaderMap } from '../options';
import { isOrdinaryName } from '../types';

/** A private value that a request carries. */
export interface PrivateValue {
  /** The header, the parameter or the attribute. */
  readonly name: string;
  readonly text: string;
}

/** The parts of a request that hold private values. */
export interface PrivateRequest {
  readonly headers: HeaderMap;
  /** Path and query. */
  readonly path?: string;
  /** JSON. */
  readonly body?: string;
}

/** Headers of our own, the same for everybody. */
const OPEN_HEADERS = new Set(['accept', 'content-type', 'user-agent', 'if-none-match']);
/** A shorter part of a header, or of the path, says nothing by itself. */
const MIN_PART = 6;
/** What stands in a path of Flagship's own. */
const PATH_WORDS = new Set(['accounts', 'flagship', 'evaluate', 'definitions']);

function credentialsIn(value: string): string[] {
  const [, scheme = '', credentials = ''] = /^(\S+)\s+(.*)$/.exec(value) ?? [];
  // The scheme is no secret; what follows it is one, however short.
  if (credentials === '') return [value];
  if (scheme.toLowerCase() !== 'basic') return [credentials];
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  return [credentials, decoded, ...decoded.split(':')];
}

function headerValues(headers: HeaderMap): PrivateValue[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (OPEN_HEADERS.has(name)) return [];
    const texts = name.endsWith('authorization') ? credentialsIn(value) : [value];
    const parts = texts.flatMap((text) => text.split(/[\s,;=]+/)).filter((part) => part.length >= MIN_PART);
    return [...texts, ...parts].map((text) => ({ name, text }));
  });
}

function pathValues(path: string): PrivateValue[] {
  const [place = '', query = ''] = path.split(/\?(.*)/s);
  const parameters = [...new URLSearchParams(query)].filter(([name]) => name !== 'flagKey');
  const segments = place.split('/').filter((part) => part.length >= MIN_PART && !PATH_WORDS.has(part));
  return [
    ...segments.map((text) => ({ name: 'path', text })),
    ...parameters.flatMap(([name, text]) => [...oddNames(name), { name, text }]),
  ];
}

function oddNames(name: string): PrivateValue[] {
  return isOrdinaryName(name) ? [] : [{ name: '', text: name }];
}

/** All scalars of a JSON value, and the names that are data. */
export function contextValues(name: string, value: unknown): PrivateValue[] {
  if (Array.isArray(value)) return value.flatMap((item) => contextValues(name, item));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => [...oddNames(key), ...contextValues(key, item)]);
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? [{ name, text: String(value) }] : [];
}

function bodyValues(body: string): PrivateValue[] {
  const { context } = JSON.parse(body) as { readonly context?: unknown };
  return contextValues('context', context);
}

/** What a request carries of users and of credentials: the values of its headers, its query and its body. */
export function privateValues({ headers, path, body }: PrivateRequest): PrivateValue[] {
  return [
    ...headerValues(headers),
    ...(path === undefined ? [] : pathValues(path)),
    ...(body === undefined ? [] : bodyValues(body)),
  ];
}

import { FlagshipErrorCode, messageOf } from '../../errors';
import { type FlagMap, isJsonObject, readDefinitions } from '../../evaluation';
import {
  type HttpResponse,
  HttpClient,
  MAX_DEFINITIONS_BYTES,
  type OutgoingRequest,
  type SpanDescription,
  TransientError,
  type UpstreamStats,
} from '../../http';
import { type ResolvedHttpOptions, defaultDeadline } from '../../options';
import { parseJson } from '../../types';
import { envelopeError, responseError } from '../error-response';
import { urlTemplate } from '../evaluation-spans';

/** Definitions from a response of Flagship. */
export interface DownloadedDefinitions {
  readonly flags: FlagMap;
  readonly etag: string | undefined;
  /** The body of the response. */
  readonly text: string;
}

/**
 * Parses definitions, in any form in which Flagship's API sends flags. Only their outer shape is checked, because a
 * malformed flag does not affect the others.
 *
 * @returns The definitions by flag key.
 * @throws TransientError `PARSE_ERROR` when the text is not JSON or has no flags.
 */
export function parseDefinitions(text: string): FlagMap {
  return definitionsIn(parseText(text));
}

function parseText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new TransientError('The definitions are not JSON.', FlagshipErrorCode.PARSE_ERROR);
  }
}

function definitionsIn(content: unknown): FlagMap {
  try {
    return readDefinitions(content);
  } catch (error) {
    throw new TransientError(messageOf(error), FlagshipErrorCode.PARSE_ERROR);
  }
}

/** Downloads an app's definitions. */
export class DefinitionsClient {
  private readonly client: HttpClient;
  private readonly path: string;
  private readonly span: SpanDescription;

  constructor(options: ResolvedHttpOptions) {
    const { endpoint } = options;
    // The option "deadline" limits evaluations, and no evaluation waits for a download.
    this.client = new HttpClient({ ...options, deadline: defaultDeadline(options), isDeadlineSet: false });
    const pathname = endpoint.pathname.replace(/\/evaluate$/, '/definitions');
    this.path = `${pathname}${endpoint.search}`;
    this.span = { name: 'flagship definitions', attributes: urlTemplate(pathname) };
  }

  open(): void {
    this.client.open();
  }

  /**
   * Downloads the definitions.
   *
   * @returns The definitions; undefined when they are still those of `etag`.
   * @throws FlagshipError When there is no valid response.
   */
  download(etag: string | undefined): Promise<DownloadedDefinitions | undefined> {
    const headers = etag === undefined ? undefined : { 'if-none-match': etag };
    const { path, span } = this;
    const request = { method: 'GET', path, maxBytes: MAX_DEFINITIONS_BYTES, headers, span } as const;
    return this.client.send(request, (response, sent) => readResponse(response, sent, etag));
  }

  stats(): UpstreamStats {
    return this.client.meter.stats();
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function readResponse(
  response: HttpResponse,
  request: OutgoingRequest,
  etag: string | undefined,
): DownloadedDefinitions | undefined {
  if (response.status === 304 && etag !== undefined) return undefined;
  if (response.status < 200 || response.status > 299) throw responseError(response, request, 'Read');
  const content = parseText(response.body);
  if (isJsonObject(content) && content.success === false) throw envelopeError(content, request);
  return { flags: definitionsIn(content), etag: response.etag, text: response.body };
}

import { FlagshipErrorCode } from '../../errors';
import { type FlagMap, isObject } from '../../evaluation';
import {
  type HttpResponse,
  HttpClient,
  MAX_DEFINITIONS_BYTES,
  type SpanDescription,
  TransientError,
  type UpstreamStats,
} from '../../http';
import { type ResolvedHttpOptions, defaultDeadline } from '../../options';
import { errorOfResponse } from '../error-response';
import { templateOf } from '../evaluation-spans';

/** Definitions as they were downloaded. */
export interface DownloadedDefinitions {
  readonly flags: FlagMap;
  readonly etag: string | undefined;
  /** The answer itself, to be kept. */
  readonly text: string;
}

/** Reads the definitions answer: only its outer shape is required, flags are judged one by one. */
export function parseDefinitions(text: string): FlagMap {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    throw new TransientError('The definitions are not JSON.', FlagshipErrorCode.PARSE_ERROR);
  }
  if (!isObject(parsed) || !isObject(parsed.flags)) {
    throw new TransientError('The definitions have no object "flags".', FlagshipErrorCode.PARSE_ERROR);
  }
  return new Map(Object.entries(parsed.flags));
}

/** Downloads an app's definitions. */
export class DefinitionsClient {
  private readonly client: HttpClient;
  private readonly path: string;
  private readonly span: SpanDescription;

  constructor(options: ResolvedHttpOptions) {
    const { endpoint } = options;
    // The deadline is for evaluations; nobody waits for a download.
    this.client = new HttpClient({ ...options, deadline: defaultDeadline(options), isDeadlineSet: false });
    const pathname = endpoint.pathname.replace(/\/evaluate$/, '/definitions');
    this.path = `${pathname}${endpoint.search}`;
    this.span = { name: 'flagship definitions', attributes: templateOf(pathname) };
  }

  open(): void {
    this.client.open();
  }

  /**
   * Asks for the definitions; nothing comes back when they are still those of `etag`.
   *
   * @throws FlagshipError When there is no usable answer.
   */
  download(etag: string | undefined): Promise<DownloadedDefinitions | undefined> {
    const headers = etag === undefined ? undefined : { 'if-none-match': etag };
    const { path, span } = this;
    const request = { method: 'GET', path, maxBytes: MAX_DEFINITIONS_BYTES, headers, span } as const;
    return this.client.send(request, (answer) => read(answer, etag));
  }

  stats(): UpstreamStats {
    return this.client.meter.stats();
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function read(answer: HttpResponse, etag: string | undefined): DownloadedDefinitions | undefined {
  if (answer.status === 304 && etag !== undefined) return undefined;
  if (answer.status < 200 || answer.status > 299) throw errorOfResponse(answer, 'Read');
  return { flags: parseDefinitions(answer.body), etag: answer.etag, text: answer.body };
}

import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** A smaller body fits into one packet, compressed or not. */
const MIN_COMPRESSED_BYTES = 1024;

/** The form in which definitions are sent. */
export interface SelectedDefinitions {
  readonly etag: string;
  readonly contentEncoding?: 'gzip';
  /** Whether the client has them already, in this form. */
  readonly isKnown: boolean;
  readonly body: () => Promise<Buffer>;
}

/** The JSON of the definitions, as it is and compressed. Each form has an entity tag of its own, as strong tags must. */
export class ServedDefinitions {
  private readonly etag: string;
  private readonly gzipEtag: string;
  /** One compression serves all clients. */
  private compressed: Promise<Buffer> | undefined;

  constructor(private readonly json: string) {
    const digest = createHash('sha256').update(json).digest('base64url');
    this.etag = `"${digest}"`;
    this.gzipEtag = `"${digest}-gzip"`;
  }

  /**
   * Selects a form by `accept-encoding` and `if-none-match`. A form that the client has already comes first: of two that
   * it accepts, that one costs nothing.
   */
  select(headers: IncomingHttpHeaders): SelectedDefinitions {
    const known = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    const isKnown = (etag: string): boolean => known.includes(etag) || known.includes('*');
    const { etag, gzipEtag } = this;
    const plain = { etag, isKnown: isKnown(etag), body: () => Promise.resolve(Buffer.from(this.json)) };
    if (this.json.length < MIN_COMPRESSED_BYTES || !acceptsGzip(headers['accept-encoding'])) return plain;
    if (plain.isKnown && !isKnown(gzipEtag)) return plain;
    return {
      etag: gzipEtag,
      contentEncoding: 'gzip',
      isKnown: isKnown(gzipEtag),
      body: () => (this.compressed ??= promisify(gzip)(this.json)),
    };
  }
}

/** Whether an `accept-encoding` names gzip, or all codings, with another weight than 0. */
function acceptsGzip(acceptEncoding: string | string[] = ''): boolean {
  const codings = new Map(
    String(acceptEncoding)
      .toLowerCase()
      .split(',')
      .map((item) => {
        const [coding = '', ...parameters] = item.split(';').map((part) => part.trim());
        return [coding, !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))] as const;
      }),
  );
  return codings.get('gzip') ?? codings.get('x-gzip') ?? codings.get('*') ?? false;
}

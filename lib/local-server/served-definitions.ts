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
  /** Whether the client has them already. */
  readonly isKnown: boolean;
  readonly body: () => Promise<Buffer>;
}

/**
 * The JSON of the definitions, as it is and compressed. Both forms have one entity tag, so that clients see one version of
 * the definitions; it is weak for the compressed form, because strong tags differ between forms.
 */
export class ServedDefinitions {
  private readonly etag: string;
  /** One compression serves all clients. */
  private compressed: Promise<Buffer> | undefined;

  constructor(private readonly json: string) {
    this.etag = `"${createHash('sha256').update(json).digest('base64url')}"`;
  }

  /** Selects a form by `accept-encoding`. `if-none-match` is compared weakly, as HTTP demands. */
  select(headers: IncomingHttpHeaders): SelectedDefinitions {
    const known = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    const { etag } = this;
    const isKnown = known.includes(etag) || known.includes('*');
    if (this.json.length < MIN_COMPRESSED_BYTES || !acceptsGzip(headers['accept-encoding']))
      return { etag, isKnown, body: () => Promise.resolve(Buffer.from(this.json)) };
    return {
      etag: `W/${etag}`,
      contentEncoding: 'gzip',
      isKnown,
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

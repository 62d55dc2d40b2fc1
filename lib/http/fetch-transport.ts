import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type HeaderMap } from '../options';
import { networkError, type TimeLimit, timeoutError, tooLargeError } from './limits';
import { conceal } from './secrets';
import { closedError } from './session';
import { TransientError } from './transient-error';
import { type HttpAnswer, type HttpRequest, type Transport } from './transport';

type Fetch = typeof globalThis.fetch;

/** What tests put in the place of a response is often no more than this. */
type Likeness = Partial<Pick<Response, 'body' | 'text' | 'json' | 'headers'>>;

async function readLikeness(response: Likeness): Promise<string> {
  if (response.text !== undefined) return response.text();
  return JSON.stringify(await response.json?.());
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  if ((response as Likeness).body === undefined) return readLikeness(response);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    // Leaving the loop cancels the rest of the body.
    if (size > maxBytes) throw tooLargeError(response.status, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

/** What a fetch of the user's throws may quote the request. */
function concealed(error: unknown, headers: HeaderMap): FlagshipError {
  const { message } = networkError(error);
  return new TransientError(conceal(message, headers), FlagshipErrorCode.NETWORK_ERROR);
}

/** Requests through a `fetch` of the user's choice. */
export class FetchTransport implements Transport {
  private readonly open = new Set<AbortController>();

  constructor(
    private readonly origin: string,
    private readonly fetch: Fetch,
    private readonly init: Readonly<Record<string, unknown>>,
  ) {}

  async send(request: HttpRequest, timeLeft: number, limit: TimeLimit): Promise<HttpAnswer> {
    const controller = new AbortController();
    this.open.add(controller);
    let timer: NodeJS.Timeout | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', () => {
        reject(controller.signal.reason as Error);
      });
      timer = setTimeout(() => {
        controller.abort(timeoutError(limit));
      }, timeLeft);
    });
    try {
      // The race matters where a fetch does not listen to its signal.
      return await Promise.race([this.exchange(request, controller.signal), givenUp]);
    } catch (error) {
      throw error instanceof FlagshipError ? error : concealed(error, request.headers);
    } finally {
      clearTimeout(timer);
      this.open.delete(controller);
    }
  }

  close(): Promise<void> {
    for (const controller of this.open) controller.abort(closedError());
    return Promise.resolve();
  }

  private async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, path, headers, body } = request;
    const given = this.init.signal instanceof AbortSignal ? [this.init.signal] : [];
    const fetch = this.fetch;
    const response = await fetch(`${this.origin}${path}`, {
      ...this.init,
      method,
      headers,
      body,
      signal: AbortSignal.any([signal, ...given]),
      // The token is for this origin only.
      redirect: this.init.redirect === 'error' ? 'error' : 'manual',
    });
    const text = await readText(response, request.maxBytes);
    return {
      status: response.status,
      body: text,
      etag: (response as Likeness).headers?.get('etag') ?? undefined,
      retryAfter: (response as Likeness).headers?.get('retry-after') ?? undefined,
    };
  }
}

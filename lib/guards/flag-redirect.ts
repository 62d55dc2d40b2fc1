import { type ExecutionContext, HttpException } from '@nestjs/common';

/** Where a redirect leads, if anywhere. */
type RedirectTarget = string | undefined;

/** A refusal that sends the browser elsewhere. */
export interface FlagRedirect {
  /**
   * Where to: a path or a URL, or a function that makes one, which may be asynchronous; where it makes none, the request
   * gets the default refusal.
   *
   * @example '/old-checkout'
   * @example (context) => `/old${context.switchToHttp().getRequest<{ url: string }>().url}`
   */
  readonly redirect: string | ((context: ExecutionContext) => RedirectTarget | Promise<RedirectTarget>);

  /**
   * 301, 302, 303, 307 or 308. Browsers remember 301 and 308, and go on redirecting when the flag is on.
   * @default 302
   */
  readonly statusCode?: number;
}

/** The statuses that redirect, with the words that HTTP has for them. */
const REDIRECTS: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
};

export const REDIRECT_CODES: readonly number[] = Object.keys(REDIRECTS).map(Number);

interface ResponseLike {
  header?(name: string, value: string): unknown;
  setHeader?(name: string, value: string): unknown;
}

/**
 * The exception by which `@FeatureFlag` redirects. Its status and its `Location` header make the redirect, so any
 * exception filter that answers with an exception's status, as Nest's own does, leaves it working.
 */
export class FlagRedirectException extends HttpException {
  /**
   * @param url Where to.
   * @param statusCode 301, 302, 303, 307 or 308.
   */
  constructor(
    readonly url: string,
    statusCode = 302,
  ) {
    super(REDIRECTS[statusCode] ?? 'Redirect', statusCode);
  }
}

/** Makes the exception of a redirect for this request; nothing beyond HTTP, and where it leads nowhere. */
export async function redirectFor(
  { redirect, statusCode }: FlagRedirect,
  context: ExecutionContext,
): Promise<FlagRedirectException | undefined> {
  if (context.getType() !== 'http') return undefined;
  const url: unknown = typeof redirect === 'function' ? await redirect(context) : redirect;
  return typeof url === 'string' && url !== '' ? new FlagRedirectException(url, statusCode) : undefined;
}

/** Names the target on the response, which the exception alone could not. */
export function setLocation({ url }: FlagRedirectException, context: ExecutionContext): void {
  const response = context.switchToHttp().getResponse<ResponseLike>();
  const location = asHeader(url);
  // Express and Fastify have `header`; Node's own response has `setHeader`.
  if (typeof response.header === 'function') response.header('Location', location);
  else response.setHeader?.('Location', location);
}

/** As ASCII: a header cannot carry more, and a line break in one would start another. */
function asHeader(url: string): string {
  return url.replace(/[^\x21-\x7e]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

import { type ExecutionContext, HttpException } from '@nestjs/common';

/** The target of a redirect; without one, the request gets the default refusal. */
type RedirectTarget = string | undefined;

/** A refusal that redirects the request, on HTTP only. */
export interface FlagRedirect {
  /**
   * The target of the redirect: a path, a URL, or a function that returns one and may be asynchronous. If the function
   * returns none, the request gets the default refusal.
   *
   * @example { redirect: '/old-checkout' }
   * @example { redirect: (context) => `/old${context.switchToHttp().getRequest<{ url: string }>().url}` }
   */
  readonly redirect: string | ((context: ExecutionContext) => RedirectTarget | Promise<RedirectTarget>);

  /**
   * The HTTP status code: 301, 302, 303, 307 or 308. Browsers cache 301 and 308 and keep redirecting when the flag is on.
   * @default 302
   * @example { redirect: '/old-checkout', statusCode: 307 }
   */
  readonly statusCode?: number | undefined;
}

/** The HTTP status codes of redirects, with their reason phrases. */
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
 * The exception by which `@FeatureFlag` redirects. The guard sets the `Location` header before it throws, so the redirect
 * works with every exception filter that responds with an exception's status, as Nest's own does.
 *
 * @example
 * // In a guard that extends FeatureFlagGuard:
 * protected override refusal(): Error {
 *   return new FlagRedirectException('/waiting-list');
 * }
 */
export class FlagRedirectException extends HttpException {
  /**
   * @param url The target: a path or a URL.
   * @param statusCode The HTTP status code: 301, 302, 303, 307 or 308; 302 if omitted.
   */
  constructor(
    readonly url: string,
    statusCode = 302,
  ) {
    super(REDIRECTS[statusCode] ?? 'Redirect', statusCode);
  }
}

/** Returns the exception of a redirect for this request; undefined for other transports, and without a target. */
export async function createRedirect(
  { redirect, statusCode }: FlagRedirect,
  context: ExecutionContext,
): Promise<FlagRedirectException | undefined> {
  if (context.getType() !== 'http') return undefined;
  const url: unknown = typeof redirect === 'function' ? await redirect(context) : redirect;
  return typeof url === 'string' && url !== '' ? new FlagRedirectException(url, statusCode) : undefined;
}

/** Sets the `Location` header on the response, because Nest's exceptions cannot carry headers. */
export function setLocation({ url }: FlagRedirectException, context: ExecutionContext): void {
  const response = context.switchToHttp().getResponse<ResponseLike>();
  const location = encodeLocation(url);
  // Express and Fastify have `header`; Node's own response has `setHeader`.
  if (typeof response.header === 'function') response.header('Location', location);
  else response.setHeader?.('Location', location);
}

/** Returns the URL with all but visible ASCII percent-encoded: headers allow no more, and a line break would end one. */
function encodeLocation(url: string): string {
  return url.replace(/[^\x21-\x7e]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

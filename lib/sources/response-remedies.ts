import { type OutgoingRequest } from '../http';
import { redactedName } from '../types';

/** The permission of the token that a request needs: `Evaluate` for evaluations, `Read` for definitions. */
export type Permission = 'Evaluate' | 'Read';

const REMEDIES: ReadonlyMap<number, string> = new Map([
  [401, 'Check that "authToken" is correct and has not expired.'],
  [404, 'Check the flag\'s key, "appId" and "accountId".'],
  [429, 'Too many requests: set "cacheTtl" or "localEvaluation", or raise "refreshInterval".'],
]);

/** Returns what an operator can do about a response with an error status; an empty text if the status tells nothing. */
export function remedyFor(status: number, request: OutgoingRequest, permission: Permission): string {
  // 304 is no redirect: a cache on the way answers as if the request had named a version.
  if (status >= 300 && status < 400 && status !== 304)
    return 'Redirects are not followed; set "baseUrl" or "endpoint" to the final address.';
  if (status === 403) return `Check that "authToken" has the ${permission} permission for this account.`;
  return REMEDIES.get(status) ?? remedyForTransport(status, request, permission);
}

/** Returns what helps against a server or proxy on the way that does not accept the request as it was sent. */
function remedyForTransport(status: number, request: OutgoingRequest, permission: Permission): string {
  const { method, path, body = '' } = request;
  const isPost = method === 'POST';
  switch (status) {
    case 405:
      return isPost ? 'The address does not accept POST: set "contextTransport" to "query".' : '';
    case 413:
      return isPost
        ? `A body of ${Buffer.byteLength(body)} bytes is too large for a server on the way: send fewer attributes.`
        : '';
    case 414:
      return `A path and query of ${path.length} bytes are too long for a server on the way: ${
        carriesContext(request, permission)
          ? 'set "contextTransport" to "body".'
          : 'check "baseUrl" and "endpoint".'
      }`;
    case 431:
      return remedyForHeaders(request, permission);
    default:
      return '';
  }
}

function remedyForHeaders(request: OutgoingRequest, permission: Permission): string {
  const sizes = Object.entries(request.headers).map(([name, value]): [string, number] => [
    name,
    Buffer.byteLength(value),
  ]);
  const [name, bytes] = sizes.reduce((most, next) => (next[1] > most[1] ? next : most), ['', 0]);
  // Some servers count the URL as a header, Node's among them.
  if (carriesContext(request, permission) && request.path.length > bytes)
    return `The path and query have ${request.path.length} bytes: set "contextTransport" to "body".`;
  return (
    `The largest header is "${redactedName(name)}" with ${bytes} bytes: check ` +
    '"headers", "headersFactory", "fetchOptions" and "authToken".'
  );
}

/** Whether the URL of a request carries an evaluation context. */
function carriesContext({ method }: OutgoingRequest, permission: Permission): boolean {
  return method === 'GET' && permission === 'Evaluate';
}

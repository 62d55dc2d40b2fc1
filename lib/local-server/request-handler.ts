import { type IncomingMessage, type ServerResponse } from 'node:http';
import { FlagshipError, FlagshipErrorCode, isErrorOf, messageOf } from '../errors';
import { isJsonObject } from '../evaluation';
import { hasBearerToken } from './bearer-token';
import { parseQuery } from './coerce-query';
import { type FlagStore } from './flag-store';
import { type ServedHosts } from './served-hosts';

const MAX_BODY_BYTES = 1024 * 1024;
/** The number of characters of a rejected host name that the response repeats. */
const MAX_SHOWN_CHARACTERS = 100;

/** An error response: the HTTP status, Flagship's error code, and the details as message. */
class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly errorCode: string,
    details: string,
  ) {
    super(details);
  }
}

interface EvaluationQuery {
  readonly flagKey: unknown;
  readonly context: Record<string, unknown>;
}

export interface HandlerOptions {
  readonly accountId: string;
  readonly appId: string;
  readonly authToken?: string;
  readonly hosts: ServedHosts;
}

const ignore = (): void => undefined;

/**
 * Serves Flagship's evaluation API for one app:
 * 1. checks the request's host, see {@link ServedHosts};
 * 2. checks the bearer token;
 * 3. routes to the definitions or to an evaluation;
 * 4. sends each error as a response with Flagship's error code.
 */
export class RequestHandler {
  private readonly appPath: string;

  constructor(
    private readonly options: HandlerOptions,
    private readonly store: FlagStore,
  ) {
    const { accountId, appId } = options;
    this.appPath = `/client/v4/accounts/${encodeURIComponent(accountId)}/flagship/apps/${encodeURIComponent(appId)}`;
  }

  /** Responds to a request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Without listeners, the error of a client that disconnects would end the process.
    request.on('error', ignore);
    response.on('error', ignore);
    try {
      await this.route(request, response);
    } catch (error) {
      sendError(request, response, toHttpError(error));
    }
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.checkHost(request);
    this.checkToken(request);
    const url = urlOf(request.url ?? '/');
    if (url.pathname === `${this.appPath}/definitions`) {
      checkMethod(request, response, ['GET']);
      await this.sendDefinitions(request, response);
    } else if (url.pathname === `${this.appPath}/evaluate`) {
      checkMethod(request, response, ['GET', 'POST']);
      const query = request.method === 'POST' ? await readBody(request) : parseQuery(url.searchParams);
      this.sendEvaluation(query, response);
    } else {
      const { accountId, appId } = this.options;
      throw new HttpError(
        404,
        'GENERAL',
        `There is nothing at ${url.pathname}. This Flagship serves app "${appId}" of account "${accountId}".`,
      );
    }
  }

  private checkHost(request: IncomingMessage): void {
    const headers = request.headersDistinct.host ?? [];
    if (this.options.hosts.serves(headers)) return;
    const shownHost = headers.join(', ').slice(0, MAX_SHOWN_CHARACTERS);
    const problem =
      headers.length === 0 ? 'The request names no host' : `"${shownHost}" is not an allowed host`;
    throw new HttpError(
      403,
      'GENERAL',
      `${problem} (protection against DNS rebinding). ` +
        'Send the request to an address or to localhost, or name the host in the option "allowedHosts" (--allowed-host).',
    );
  }

  private checkToken(request: IncomingMessage): void {
    const { authToken } = this.options;
    if (authToken === undefined || hasBearerToken(request.headers.authorization, authToken)) return;
    throw new HttpError(401, 'GENERAL', 'The authorization header does not hold the expected bearer token.');
  }

  private async sendDefinitions(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { etag, contentEncoding, isKnown, body } = this.store.definitions.select(request.headers);
    response.setHeader('etag', etag);
    response.setHeader('vary', 'accept-encoding');
    if (isKnown) {
      response.writeHead(304).end();
      return;
    }
    const bytes = await body();
    if (contentEncoding !== undefined) response.setHeader('content-encoding', contentEncoding);
    sendBody(response, 200, bytes);
  }

  private sendEvaluation({ flagKey, context }: EvaluationQuery, response: ServerResponse): void {
    if (typeof flagKey !== 'string' || flagKey === '') {
      throw new HttpError(
        400,
        'PARSE_ERROR',
        'The request does not name a flag: "flagKey" is missing or empty.',
      );
    }
    sendJson(response, 200, { flagKey, ...this.store.compiled.evaluate(flagKey, context) });
  }
}

/** Returns the URL of a request target. A path is prefixed with a host, because `//path` would be parsed as a host. */
function urlOf(target: string): URL {
  try {
    return new URL(target.startsWith('/') ? `http://local${target}` : target, 'http://local');
  } catch {
    throw new HttpError(400, 'GENERAL', 'The target of the request is not a URL.');
  }
}

function sendError(request: IncomingMessage, response: ServerResponse, httpError: HttpError): void {
  try {
    sendJson(response, httpError.status, { errorCode: httpError.errorCode, errorDetails: httpError.message });
    // The rest of the body is read and discarded, because most clients read a response only after sending everything.
    request.resume();
  } catch {
    // Part of the response was already sent; the connection is destroyed so that the client does not take it as complete.
    response.destroy();
  }
}

function toHttpError(error: unknown): HttpError {
  if (isErrorOf(error, HttpError)) return error;
  if (isErrorOf(error, FlagshipError)) {
    const status = error.code === FlagshipErrorCode.FLAG_NOT_FOUND ? 404 : 400;
    return new HttpError(status, error.code, error.message);
  }
  return new HttpError(500, 'GENERAL', messageOf(error));
}

function checkMethod(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
  if (methods.includes(request.method ?? '')) return;
  response.setHeader('allow', methods.join(', '));
  throw new HttpError(
    405,
    'GENERAL',
    `${request.method ?? 'This method'} is not served here; use ${methods.join(' or ')}.`,
  );
}

async function readBody(request: IncomingMessage): Promise<EvaluationQuery> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new HttpError(413, 'INVALID_CONTEXT', `The body is over ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const body = parseBody(Buffer.concat(chunks).toString('utf8'));
  if (!isJsonObject(body))
    throw new HttpError(400, 'PARSE_ERROR', 'The body must be an object with "flagKey" and "context".');
  const context = body.context ?? {};
  if (!isJsonObject(context))
    throw new HttpError(400, 'INVALID_CONTEXT', '"context" must be an object of attributes.');
  return { flagKey: body.flagKey, context };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, 'PARSE_ERROR', `The body is not JSON: ${(error as Error).message}`);
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  sendBody(response, status, Buffer.from(JSON.stringify(body)));
}

function sendBody(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}

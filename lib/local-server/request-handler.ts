import { type IncomingMessage, type ServerResponse } from 'node:http';
import { FlagshipError, FlagshipErrorCode, isErrorOf, messageOf } from '../errors';
import { isObject } from '../evaluation';
import { carriesToken } from './bearer-token';
import { readQuery } from './coerce-query';
import { type FlagStore } from './flag-store';
import { type ServedHosts } from './served-hosts';

const MAX_BODY_BYTES = 1024 * 1024;
/** How much of a refused host is repeated in the answer, in characters. */
const MAX_SHOWN = 100;

/** A refusal: HTTP status, error code, what is wrong. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly errorCode: string,
    details: string,
  ) {
    super(details);
  }
}

interface Question {
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

/** Serves one app's evaluation API. */
export class RequestHandler {
  private readonly root: string;

  constructor(
    private readonly options: HandlerOptions,
    private readonly store: FlagStore,
  ) {
    const { accountId, appId } = options;
    this.root = `/client/v4/accounts/${encodeURIComponent(accountId)}/flagship/apps/${encodeURIComponent(appId)}`;
  }

  /** Answers a request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that has gone needs no answer; without a listener its going would end the process.
    request.on('error', ignore);
    response.on('error', ignore);
    try {
      await this.route(request, response);
    } catch (error) {
      refuse(request, response, asRefusal(error));
    }
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.expectHost(request);
    this.authorize(request);
    const url = urlOf(request.url ?? '/');
    if (url.pathname === `${this.root}/definitions`) {
      expectMethod(request, response, ['GET']);
      this.sendDefinitions(request, response);
    } else if (url.pathname === `${this.root}/evaluate`) {
      expectMethod(request, response, ['GET', 'POST']);
      const question = request.method === 'POST' ? await readBody(request) : readQuery(url.searchParams);
      this.sendEvaluation(question, response);
    } else {
      const { accountId, appId } = this.options;
      throw new Refusal(
        404,
        'GENERAL',
        `There is nothing at ${url.pathname}. This Flagship plays app "${appId}" of account "${accountId}".`,
      );
    }
  }

  private expectHost(request: IncomingMessage): void {
    const given = request.headersDistinct.host ?? [];
    if (this.options.hosts.serves(given)) return;
    const name = given.length === 0 ? 'no host' : `the host "${given.join(', ').slice(0, MAX_SHOWN)}"`;
    throw new Refusal(
      403,
      'GENERAL',
      `The request names ${name}, which is not served here, so that no web page can read flags by a name of its own. ` +
        'Send it to an address or to localhost, or name the host in the option "allowedHosts" (--allowed-host).',
    );
  }

  private authorize(request: IncomingMessage): void {
    const { authToken } = this.options;
    if (authToken === undefined || carriesToken(request.headers.authorization, authToken)) return;
    throw new Refusal(401, 'GENERAL', 'The authorization header does not hold the expected bearer token.');
  }

  private sendDefinitions(request: IncomingMessage, response: ServerResponse): void {
    const { body, etag } = this.store.definitions;
    const known = (request.headers['if-none-match'] ?? '')
      .split(',')
      .map((tag) => tag.trim().replace(/^W\//, ''));
    response.setHeader('etag', etag);
    if (known.includes(etag) || known.includes('*')) response.writeHead(304).end();
    else sendText(response, 200, body);
  }

  private sendEvaluation({ flagKey, context }: Question, response: ServerResponse): void {
    if (typeof flagKey !== 'string' || flagKey === '') {
      throw new Refusal(
        400,
        'PARSE_ERROR',
        'The request does not name a flag: "flagKey" is missing or empty.',
      );
    }
    send(response, 200, { flagKey, ...this.store.ruleset.evaluate(flagKey, context) });
  }
}

/** A path may begin with two slashes, which as a URL would name a host. */
function urlOf(target: string): URL {
  try {
    return new URL(target.startsWith('/') ? `http://local${target}` : target, 'http://local');
  } catch {
    throw new Refusal(400, 'GENERAL', 'The target of the request is not a URL.');
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  try {
    send(response, refusal.status, { errorCode: refusal.errorCode, errorDetails: refusal.message });
    // What is left of the body is read and dropped: a client seldom listens before it has sent everything.
    request.resume();
  } catch {
    // The answer had begun when something failed: the client must not take it for a whole one.
    response.destroy();
  }
}

function asRefusal(error: unknown): Refusal {
  if (isErrorOf(error, Refusal)) return error;
  if (isErrorOf(error, FlagshipError)) {
    const status = error.code === FlagshipErrorCode.FLAG_NOT_FOUND ? 404 : 400;
    return new Refusal(status, error.code, error.message);
  }
  return new Refusal(500, 'GENERAL', messageOf(error));
}

function expectMethod(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
  if (methods.includes(request.method ?? '')) return;
  response.setHeader('allow', methods.join(', '));
  throw new Refusal(
    405,
    'GENERAL',
    `${request.method ?? 'This method'} is not served here; use ${methods.join(' or ')}.`,
  );
}

async function readBody(request: IncomingMessage): Promise<Question> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new Refusal(413, 'INVALID_CONTEXT', `The body is over ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const body = parseBody(Buffer.concat(chunks).toString('utf8'));
  if (!isObject(body))
    throw new Refusal(400, 'PARSE_ERROR', 'The body must be an object with "flagKey" and "context".');
  const context = body.context ?? {};
  if (!isObject(context))
    throw new Refusal(400, 'INVALID_CONTEXT', '"context" must be an object of attributes.');
  return { flagKey: body.flagKey, context };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, 'PARSE_ERROR', `The body is not JSON: ${(error as Error).message}`);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  sendText(response, status, JSON.stringify(body));
}

function sendText(response: ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}

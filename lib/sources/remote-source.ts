import { type ClientRequest, HttpClient, MAX_ANSWER_BYTES } from '../http';
import { type ContextTransport, type ResolvedHttpOptions } from '../options';
import { evaluationBody } from './context-body';
import { evaluationPath, fitsQuery } from './context-query';
import { readEvaluation } from './evaluation-answer';
import { type ContextAttributes, type FlagSource, type Resolution } from './flag-source';

/** Asks Flagship over HTTP, one request an evaluation. */
export class RemoteSource implements FlagSource {
  readonly ownsValues = false;

  private readonly client: HttpClient;
  private readonly bodyPath: string;

  constructor(
    private readonly options: ResolvedHttpOptions,
    private readonly transport: ContextTransport,
  ) {
    this.client = new HttpClient(options);
    this.bodyPath = `${options.endpoint.pathname}${options.endpoint.search}`;
  }

  open(): Promise<void> {
    this.client.open();
    return Promise.resolve();
  }

  async evaluate(flagKey: string, context: ContextAttributes): Promise<Resolution> {
    return this.client.send(this.request(flagKey, context), readEvaluation);
  }

  /** Every evaluation asks anew. */
  refresh(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private request(flagKey: string, context: ContextAttributes): ClientRequest {
    const asBody = this.transport === 'body' || (this.transport === 'auto' && !fitsQuery(context));
    return asBody
      ? {
          method: 'POST',
          path: this.bodyPath,
          body: evaluationBody(flagKey, context),
          maxBytes: MAX_ANSWER_BYTES,
        }
      : {
          method: 'GET',
          path: evaluationPath(this.options.endpoint, flagKey, context),
          maxBytes: MAX_ANSWER_BYTES,
        };
  }
}

import { type ClientRequest, HttpClient, MAX_RESPONSE_BYTES } from '../../http';
import { type ContextTransport, type ResolvedHttpOptions } from '../../options';
import { type Attributes, type FlagMetadata } from '../../types';
import { evaluationBody } from '../context-json';
import { evaluationPath, exactPath } from './context-query';
import { parseEvaluation } from './evaluation-response';
import { type FlagSource, type Resolution, type SourceListener, type SourceStats } from '../flag-source';
import { EvaluationSpans } from '../evaluation-spans';
import { MetadataReader } from '../metadata-reader';

/** Evaluates flags in Flagship over HTTP, with one request for each evaluation. */
export class RemoteSource implements FlagSource {
  private readonly client: HttpClient;
  private readonly endpoint: URL;
  private readonly bodyPath: string;
  private readonly spans: EvaluationSpans;
  private readonly metadataReader: MetadataReader;
  private readonly flagSetId: string | undefined;

  constructor(
    options: ResolvedHttpOptions,
    private readonly transport: ContextTransport,
    spanAttributes: readonly string[],
    listener: SourceListener,
  ) {
    const { endpoint, flagSetId } = options;
    this.flagSetId = flagSetId;
    this.metadataReader = new MetadataReader(flagSetId, listener);
    this.client = new HttpClient(options, {
      circuitOpened: (reason) => {
        listener.stale(reason);
      },
      circuitClosed: () => {
        listener.recovered();
      },
    });
    this.endpoint = endpoint;
    this.spans = new EvaluationSpans(endpoint.pathname, flagSetId, spanAttributes);
    this.bodyPath = `${endpoint.pathname}${endpoint.search}`;
  }

  open(): Promise<void> {
    this.client.open();
    return Promise.resolve();
  }

  /**
   * Requests the resolution from Flagship.
   *
   * @returns A promise of the resolution.
   * @throws FlagshipError `INVALID_CONTEXT`, synchronously, for a context that cannot be sent.
   */
  evaluate(flagKey: string, context: Attributes): Promise<Resolution> {
    return this.client.send(this.request(flagKey, context), (response, sent) =>
      parseEvaluation(response, sent, flagKey, this.metadataReader),
    );
  }

  metadataOf(): FlagMetadata | undefined {
    return this.metadataReader.flagSet;
  }

  stats(): SourceStats {
    const { circuitBreaker, meter } = this.client;
    return {
      flagSetId: this.flagSetId,
      upstream: meter.stats(),
      circuit: circuitBreaker && { state: circuitBreaker.state, since: new Date(circuitBreaker.since) },
    };
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private request(flagKey: string, context: Attributes): ClientRequest {
    const span = this.client.isTraced ? this.spans.describe(flagKey, context) : undefined;
    const maxBytes = MAX_RESPONSE_BYTES;
    const path = this.pathWithContext(flagKey, context);
    return path === undefined
      ? { method: 'POST', path: this.bodyPath, body: evaluationBody(flagKey, context), maxBytes, span }
      : { method: 'GET', path, maxBytes, span };
  }

  /** Returns path and query of a request that carries the context in its query; undefined if a body carries it. */
  private pathWithContext(flagKey: string, context: Attributes): string | undefined {
    switch (this.transport) {
      case 'query':
        return evaluationPath(this.endpoint, flagKey, context);
      case 'body':
        return undefined;
      case 'auto':
        return exactPath(this.endpoint, flagKey, context);
    }
  }
}

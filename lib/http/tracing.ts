import type * as OpenTelemetry from '@opentelemetry/api';
import { openTelemetryApi } from './open-telemetry-api';
import { RecordedSpan } from './recorded-span';
import { type SpanDescription, type UpstreamSpan } from './upstream-span';

type Api = typeof OpenTelemetry;
/** Where a span belongs: the trace around a call. */
export type TraceParent = OpenTelemetry.Context;

const SCOPE = 'nestjs-flagship';
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** What the API has in the place of a provider, which may come later. */
interface ProviderToCome {
  getDelegateTracer?(name: string): OpenTelemetry.Tracer | undefined;
}

/** Nothing where it would be one that does nothing. */
function tracerOf(provider: OpenTelemetry.TracerProvider): OpenTelemetry.Tracer | undefined {
  const toCome: ProviderToCome = provider as ProviderToCome;
  return toCome.getDelegateTracer === undefined ? provider.getTracer(SCOPE) : toCome.getDelegateTracer(SCOPE);
}

/** Makes spans for the requests to one origin. */
export class Tracing {
  private readonly address: string;
  private readonly port: number;
  private provider: OpenTelemetry.TracerProvider | undefined;
  private tracer: OpenTelemetry.Tracer | undefined;

  private constructor(
    private readonly api: Api,
    { hostname, port, protocol }: URL,
  ) {
    this.address = hostname;
    this.port = port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);
  }

  /** Nothing where `@opentelemetry/api` is not installed. */
  static forEndpoint(endpoint: URL): Tracing | undefined {
    const api = openTelemetryApi();
    return api === null ? undefined : new Tracing(api, endpoint);
  }

  /** Whether spans are recorded. */
  get isRecording(): boolean {
    return this.currentTracer() !== undefined;
  }

  /** The trace of the caller; nothing where no spans are recorded. */
  activeContext(): TraceParent | undefined {
    return this.isRecording ? this.api.context.active() : undefined;
  }

  /**
   * Starts the span of one attempt. Nothing where no spans are recorded.
   *
   * @param resends How many attempts there were before this one.
   * @param parent The trace of whoever asks.
   */
  startSpan(
    { name, attributes }: SpanDescription,
    method: string,
    resends: number,
    parent: TraceParent | undefined,
  ): UpstreamSpan | undefined {
    const tracer = this.currentTracer();
    if (tracer === undefined) return undefined;
    const { address, port, api } = this;
    const all: OpenTelemetry.Attributes = {
      'http.request.method': method,
      'server.address': address,
      'server.port': port,
    };
    if (resends > 0) all['http.request.resend_count'] = resends;
    Object.assign(all, attributes);
    try {
      const span = tracer.startSpan(name, { kind: api.SpanKind.CLIENT, attributes: all }, parent);
      return new RecordedSpan(api, span);
    } catch {
      // What an exporter does wrong must not cost an answer.
      return undefined;
    }
  }

  /** The tracer of the provider that is registered now. */
  private currentTracer(): OpenTelemetry.Tracer | undefined {
    const provider = this.api.trace.getTracerProvider();
    if (provider !== this.provider) {
      this.provider = provider;
      this.tracer = undefined;
    }
    // Asked again and again while there is none: it may come any time.
    this.tracer ??= tracerOf(provider);
    return this.tracer;
  }
}

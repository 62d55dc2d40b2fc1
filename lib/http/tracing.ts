import type * as OpenTelemetry from '@opentelemetry/api';
import { type OpenTelemetryApi, openTelemetryApi } from './open-telemetry-api';
import { RecordedSpan } from './recorded-span';
import { type SpanDescription, type UpstreamSpan } from './upstream-span';

/** The context of a caller, whose active span is the parent of new spans. */
export type ParentContext = OpenTelemetry.Context;

const TRACER_NAME = 'nestjs-flagship';
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The provider that the API returns until an application registers one, and afterwards delegates to that one. */
interface ProxyProvider {
  getDelegateTracer?(name: string): OpenTelemetry.Tracer | undefined;
}

/** Returns a tracer that records, or undefined while no provider is registered. */
function tracerOf(provider: OpenTelemetry.TracerProvider): OpenTelemetry.Tracer | undefined {
  const proxy: ProxyProvider = provider as ProxyProvider;
  return proxy.getDelegateTracer === undefined
    ? provider.getTracer(TRACER_NAME)
    : proxy.getDelegateTracer(TRACER_NAME);
}

/** Creates the spans of requests to one origin. */
export class Tracing {
  private readonly address: string;
  private readonly port: number;
  private provider: OpenTelemetry.TracerProvider | undefined;
  private tracer: OpenTelemetry.Tracer | undefined;

  private constructor(
    private readonly api: OpenTelemetryApi,
    { hostname, port, protocol }: URL,
  ) {
    this.address = hostname;
    this.port = port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);
  }

  /** Returns undefined when `@opentelemetry/api` is not installed. */
  static forEndpoint(endpoint: URL): Tracing | undefined {
    const api = openTelemetryApi();
    return api === null ? undefined : new Tracing(api, endpoint);
  }

  /** Whether a provider records spans now. Without one, callers create no descriptions of spans. */
  get isRecording(): boolean {
    return this.currentTracer() !== undefined;
  }

  /** Returns the context of the caller, or undefined when no spans are recorded. */
  activeContext(): ParentContext | undefined {
    return this.isRecording ? this.api.context.active() : undefined;
  }

  /**
   * Starts the span of one attempt.
   *
   * @param resends Number of attempts before this one.
   * @param parent The context of the caller, from {@link activeContext}.
   * @returns The span, or undefined when no spans are recorded.
   */
  startSpan(
    { name, attributes }: SpanDescription,
    method: string,
    resends: number,
    parent: ParentContext | undefined,
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
      // A tracer that throws must not fail the evaluation.
      return undefined;
    }
  }

  /** Returns the tracer of the provider that is registered now. */
  private currentTracer(): OpenTelemetry.Tracer | undefined {
    const provider = this.api.trace.getTracerProvider();
    if (provider !== this.provider) {
      this.provider = provider;
      this.tracer = undefined;
    }
    // Looked up at each call while there is none: an application may register its provider at any time.
    this.tracer ??= tracerOf(provider);
    return this.tracer;
  }
}

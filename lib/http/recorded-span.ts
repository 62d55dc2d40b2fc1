import type * as OpenTelemetry from '@opentelemetry/api';
import { FlagshipError, isErrorOf } from '../errors';
import { type UpstreamSpan } from './upstream-span';

type Api = Pick<typeof OpenTelemetry, 'context' | 'createContextKey' | 'SpanStatusCode' | 'trace'>;

/**
 * The context key by which OpenTelemetry's SDK suppresses tracing. `@opentelemetry/core` defines it; it is spelled out
 * here because only the API is a dependency. Checked with `@opentelemetry/core` 2.12.1.
 */
const SUPPRESS_TRACING_KEY = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING';

/** Returns the value of `error.type`. An error's message, and the name of a foreign error, may quote private values. */
function errorType(error: unknown): string {
  return isErrorOf(error, FlagshipError) ? error.code : '_OTHER';
}

/** A span that OpenTelemetry records. */
export class RecordedSpan implements UpstreamSpan {
  constructor(
    private readonly api: Api,
    private readonly span: OpenTelemetry.Span,
  ) {}

  withoutInstrumentation<T>(send: () => T): T {
    const { context, createContextKey } = this.api;
    return context.with(context.active().setValue(createContextKey(SUPPRESS_TRACING_KEY), true), send);
  }

  asActiveSpan<T>(send: () => T): T {
    const { context, trace } = this.api;
    return context.with(trace.setSpan(context.active(), this.span), send);
  }

  endWithResponse(status: number, error?: unknown): void {
    this.end(() => {
      this.span.setAttribute('http.response.status_code', status);
      if (error === undefined) return;
      this.setError(status < 200 || status > 299 ? String(status) : errorType(error));
    });
  }

  endWithError(error: unknown): void {
    this.end(() => {
      this.setError(errorType(error));
    });
  }

  private setError(type: string): void {
    this.span.setAttribute('error.type', type);
    this.span.setStatus({ code: this.api.SpanStatusCode.ERROR });
  }

  private end(setResult: () => void): void {
    try {
      setResult();
      this.span.end();
    } catch {
      // An exporter of the application's threw. OpenTelemetry reports its own failures.
    }
  }
}

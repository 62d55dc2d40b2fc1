import type * as OpenTelemetry from '@opentelemetry/api';
import { FlagshipError, isErrorOf } from '../errors';
import { type UpstreamSpan } from './upstream-span';

type Api = Pick<typeof OpenTelemetry, 'context' | 'createContextKey' | 'SpanStatusCode' | 'trace'>;

/** The name by which OpenTelemetry's SDK knows that nobody wants the spans of some code. */
const SUPPRESSION = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING';

/** The class of a failure. Its message, and the name of an error that is not ours, may quote anything: they stay here. */
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
    return context.with(context.active().setValue(createContextKey(SUPPRESSION), true), send);
  }

  asActiveSpan<T>(send: () => T): T {
    const { context, trace } = this.api;
    return context.with(trace.setSpan(context.active(), this.span), send);
  }

  endWithResponse(status: number, error?: unknown): void {
    this.end(() => {
      this.span.setAttribute('http.response.status_code', status);
      if (error === undefined) return;
      this.fail(status < 200 || status > 299 ? String(status) : errorType(error));
    });
  }

  endWithError(error: unknown): void {
    this.end(() => {
      this.fail(errorType(error));
    });
  }

  private fail(type: string): void {
    this.span.setAttribute('error.type', type);
    this.span.setStatus({ code: this.api.SpanStatusCode.ERROR });
  }

  private end(tell: () => void): void {
    try {
      tell();
      this.span.end();
    } catch {
      // Somebody's exporter failed; there is nobody to tell who would not tell it better.
    }
  }
}

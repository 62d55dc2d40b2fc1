// The published types reach this file. It must not import OpenTelemetry, which may not be installed.

/** The name and attributes of a request's spans that only its sender knows. */
export interface SpanDescription {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** The span of one attempt. A failing tracer or exporter changes no response. */
export interface UpstreamSpan {
  /**
   * Sends the request without other instrumentation, which would record the same request again, and export its URL with
   * the evaluation context in it.
   */
  withoutInstrumentation<T>(send: () => T): T;
  /** Sends the request within the span: a `fetch` of the application's may create spans of its own. */
  asActiveSpan<T>(send: () => T): T;
  /** @param error What reading the response threw. */
  endWithResponse(status: number, error?: unknown): void;
  endWithError(error: unknown): void;
}

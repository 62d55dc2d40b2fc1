// Published types reach this file and no further: they must not need OpenTelemetry, which may not be installed.

/** What the sender of a request knows about it that HTTP does not. */
export interface SpanDescription {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** The span of one attempt. What goes wrong with it costs no answer. */
export interface UpstreamSpan {
  /**
   * Sends the request without other instrumentation: it would tell of the same request again, and export its URL, which
   * holds the evaluation context.
   */
  withoutInstrumentation<T>(send: () => T): T;
  /** Sends the request within the span: a client of the user's may have spans of its own. */
  asActiveSpan<T>(send: () => T): T;
  /** @param error What reading the answer threw. */
  endWithResponse(status: number, error?: unknown): void;
  endWithError(error: unknown): void;
}

import type * as OpenTelemetry from '@opentelemetry/api';
import { detached } from '../runtime';
import { type OpenTelemetryApi, openTelemetryApi } from './open-telemetry-api';

// Three ways to run work outside of the application's request (see `detached`). They differ in what the work keeps of
// the trace. The context manager of OpenTelemetry need not use `AsyncLocalStorage`, so `detached` alone would not do.

/**
 * Runs work outside of the request that starts it and outside of its trace, for timers, sockets and callbacks.
 *
 * @returns What `run` returns.
 */
export function withoutTrace<T>(run: () => T): T {
  const api = openTelemetryApi();
  return api === null ? detached(run) : detached(() => api.context.with(api.ROOT_CONTEXT, run));
}

/**
 * Runs work outside of the request that starts it, but within its active span, for functions of the application's,
 * which may create spans of their own.
 *
 * @returns What `run` returns.
 */
export function withActiveSpan<T>(run: () => T): T {
  const api = openTelemetryApi();
  const span = api?.trace.getActiveSpan();
  if (api === null || span === undefined) return withoutTrace(run);
  return detached(() => api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, span), run));
}

/**
 * Runs work whose result several callers may wait for: outside of the request that starts it, but within its trace. The
 * request to Flagship then appears in the trace of the evaluation that caused it.
 *
 * @returns What `run` returns.
 */
export function withTraceOnly<T>(run: () => T): T {
  const api = openTelemetryApi();
  const context = api === null ? undefined : traceOnlyContext(api);
  if (api === null || context === undefined) return detached(run);
  return detached(() => api.context.with(context, run));
}

/** Returns a context with the active trace and nothing else: no baggage, and no values of other libraries. */
function traceOnlyContext(api: OpenTelemetryApi): OpenTelemetry.Context | undefined {
  try {
    const span = api.trace.getActiveSpan()?.spanContext();
    return span && api.trace.setSpanContext(api.ROOT_CONTEXT, span);
  } catch {
    // A tracer that throws must not fail the evaluation.
    return undefined;
  }
}

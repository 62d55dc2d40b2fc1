import type * as OpenTelemetry from '@opentelemetry/api';
import { detached } from '../runtime';
import { openTelemetryApi } from './open-telemetry-api';

type Api = typeof OpenTelemetry;

/** The trace of whatever runs now, and nothing else of its context: no baggage, nothing that other libraries keep. */
function bareTrace(api: Api): OpenTelemetry.Context | undefined {
  try {
    const span = api.trace.getActiveSpan()?.spanContext();
    return span && api.trace.setSpanContext(api.ROOT_CONTEXT, span);
  } catch {
    // What a tracer does wrong must not cost an answer.
    return undefined;
  }
}

/**
 * Runs work whose result others may wait for too outside of the request that sets it off, but within its trace: the
 * request to Flagship is shown in the trace of the evaluation that it was first made for, where people look for it.
 *
 * @returns What `run` returns.
 */
export function detachedInTrace<T>(run: () => T): T {
  const api = openTelemetryApi();
  const trace = api === null ? undefined : bareTrace(api);
  if (api === null || trace === undefined) return detached(run);
  return detached(() => api.context.with(trace, run));
}

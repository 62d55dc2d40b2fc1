import { detached } from '../runtime';
import { openTelemetryApi } from './open-telemetry-api';

/**
 * Runs what outlives the request that sets it off: outside of its scope (see {@link detached}), and outside of its trace,
 * also where OpenTelemetry's context manager does not follow `AsyncLocalStorage`.
 */
export function detachedFromTrace<T>(run: () => T): T {
  const api = openTelemetryApi();
  return api === null ? detached(run) : detached(() => api.context.with(api.ROOT_CONTEXT, run));
}

/** As {@link detachedFromTrace}, but for the span that is active: code of the application's may have spans of its own. */
export function detachedInSpan<T>(run: () => T): T {
  const api = openTelemetryApi();
  const span = api?.trace.getActiveSpan();
  if (api === null || span === undefined) return detachedFromTrace(run);
  return detached(() => api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, span), run));
}

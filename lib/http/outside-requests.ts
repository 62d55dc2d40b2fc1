import { detached } from '../runtime';
import { findApi } from './open-telemetry-api';

/**
 * Runs what outlives the request that sets it off: outside of its scope (see {@link detached}), and outside of its trace,
 * also where OpenTelemetry's context manager does not follow `AsyncLocalStorage`.
 */
export function outsideTraces<T>(run: () => T): T {
  const api = findApi();
  return api === null ? detached(run) : detached(() => api.context.with(api.ROOT_CONTEXT, run));
}

/** As {@link outsideTraces}, but for the span that is active: code of the application's may have spans of its own. */
export function outsideRequests<T>(run: () => T): T {
  const api = findApi();
  const span = api?.trace.getActiveSpan();
  if (api === null || span === undefined) return outsideTraces(run);
  return detached(() => api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, span), run));
}

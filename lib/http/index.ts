export { type Circuit, type CircuitListener, type CircuitState } from './circuit';
export { detachedInTrace } from './detached-in-trace';
export { type ClientRequest, HttpClient } from './http-client';
export { MAX_ANSWER_BYTES, MAX_DEFINITIONS_BYTES } from './limits';
export { outsideRequests, outsideTraces } from './tracing';
export { isTransientStatus, TransientError } from './transient-error';
export { type HttpAnswer } from './transport';
export { type LatencySummary, type UpstreamOutcomes, type UpstreamStats } from './upstream-meter';
export { type SpanDescription } from './upstream-span';

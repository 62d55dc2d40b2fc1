export { type ClientRequest, HttpClient } from './http-client';
export { MAX_ANSWER_BYTES, MAX_DEFINITIONS_BYTES } from './limits';
export { TransientError } from './transient-error';
export { type HttpAnswer } from './transport';

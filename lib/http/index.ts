export { type ClientRequest, HttpClient } from './http-client';
export { TransientError } from './transient-error';
export { type HttpAnswer } from './transport';

export { GraphqlOperation, isSubscription, resolverArguments } from './graphql-operation';
export { IncomingHttpRequest, HttpRequests, scopeHolderOf } from './http-request';
export { RequestContextBuilder } from './request-context-builder';
export { type RequestSource } from './request-source';
export { RpcMessage } from './rpc-message';
export { SocketMessage } from './socket-message';
export { NO_SUBJECT, type RequestUser } from './request-user';
export { UpgradeRequestRecorder } from './upgrade-requests';

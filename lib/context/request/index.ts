export { GraphqlOperation, isSubscription, resolverArguments } from './graphql-operation';
export { HttpRequest, HttpRequests, scopeHolderOf } from './http-request';
export { RequestContextBuilder } from './request-context-builder';
export { type RequestSource, isObject } from './request-source';
export { RpcMessage } from './rpc-message';
export { SocketMessage } from './socket-message';
export { NO_SUBJECT, type Subject } from './subject';
export { UpgradeRequests } from './upgrade-requests';

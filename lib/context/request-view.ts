import { type ExecutionContext } from '@nestjs/common';
import { graphqlView } from './graphql-view';
import { httpView, isObject, type RequestView } from './http-view';
import { messageView } from './message-view';
import { socketView } from './socket-view';

/** The request behind an execution context, or nothing where there is none. */
export function viewRequest(context: ExecutionContext): RequestView | undefined {
  switch (context.getType<string>()) {
    case 'http': {
      const request = context.switchToHttp().getRequest<unknown>();
      return isObject(request) ? httpView(request) : undefined;
    }
    case 'graphql':
      return graphqlView(context);
    case 'ws':
      return socketView(context);
    case 'rpc':
      return messageView(context);
    default:
      return undefined;
  }
}

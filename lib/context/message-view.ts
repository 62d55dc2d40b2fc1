import { type ExecutionContext } from '@nestjs/common';
import { isObject, type RequestView } from './http-view';
import { messageHeaders } from './message-headers';

/**
 * A message between services. Nest makes its context (`TcpContext`, `NatsContext`, …) anew for each message and gives
 * it to every handler of it; it stands for the request, and authentication leaves `user` on it.
 */
export function messageView(execution: ExecutionContext): RequestView | undefined {
  const context: unknown = execution.getArgByIndex(1);
  if (!isObject(context)) return undefined;
  return {
    key: context,
    carrier: context,
    request: context,
    user: (context as { readonly user?: unknown }).user,
    get headers() {
      // Only when a header is wanted: not every transport keeps them ready.
      return messageHeaders(context);
    },
  };
}

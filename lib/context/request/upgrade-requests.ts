import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { connectionOf } from '../../undocumented';

/** On the connection: the request that turned it into a WebSocket. */
const UPGRADE = Symbol('flagship.upgrade');

interface Connection {
  [UPGRADE]?: unknown;
}

interface UpgradingServer {
  listenerCount(event: 'upgrade'): number;
  prependListener(event: 'upgrade', listener: typeof keep): unknown;
  off(event: 'upgrade', listener: typeof keep): unknown;
}

function keep(request: object, connection: object): void {
  (connection as Connection)[UPGRADE] = request;
}

/** The request that opened a client's connection to the application's own HTTP server. */
export function upgradeRequestOf(client: object): unknown {
  return (connectionOf(client) as Connection | undefined)?.[UPGRADE];
}

/** Keeps the request of each WebSocket: `ws`, and with it Nest's `WsAdapter`, does not. */
@Injectable()
export class UpgradeRequests implements OnApplicationBootstrap, OnApplicationShutdown {
  private server: UpgradingServer | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  onApplicationBootstrap(): void {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- there is none in an application without HTTP
    const server = this.host.httpAdapter?.getHttpServer() as UpgradingServer | undefined;
    // Without a listener, Node treats such a request like any other; one listener more would leave it unanswered.
    if (server === undefined || server.listenerCount('upgrade') === 0) return;
    this.server = server.prependListener('upgrade', keep) as UpgradingServer;
  }

  onApplicationShutdown(): void {
    this.server?.off('upgrade', keep);
  }
}

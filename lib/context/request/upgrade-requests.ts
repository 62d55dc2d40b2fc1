import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { connectionOf } from '../../undocumented';

/** The property of a connection that stores the request by which it was upgraded to a WebSocket. */
const UPGRADE = Symbol('flagship.upgrade');

interface Connection {
  [UPGRADE]?: unknown;
}

interface UpgradingServer {
  listenerCount(event: 'upgrade'): number;
  prependListener(event: 'upgrade', listener: typeof recordUpgrade): unknown;
  off(event: 'upgrade', listener: typeof recordUpgrade): unknown;
}

function recordUpgrade(request: object, connection: object): void {
  (connection as Connection)[UPGRADE] = request;
}

/** Returns the upgrade request of a client's connection to the application's own HTTP server. */
export function upgradeRequestOf(client: object): unknown {
  return (connectionOf(client) as Connection | undefined)?.[UPGRADE];
}

/** Stores the upgrade request of each WebSocket, because `ws`, and so Nest's `WsAdapter`, does not keep it. */
@Injectable()
export class UpgradeRequestRecorder implements OnApplicationBootstrap, OnApplicationShutdown {
  private server: UpgradingServer | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  onApplicationBootstrap(): void {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- an application without HTTP has no adapter
    const server = this.host.httpAdapter?.getHttpServer() as UpgradingServer | undefined;
    // Without an upgrade listener, Node handles an upgrade request as an ordinary one. Adding the first listener would
    // leave such requests without a response.
    if (server === undefined || server.listenerCount('upgrade') === 0) return;
    this.server = server.prependListener('upgrade', recordUpgrade) as UpgradingServer;
  }

  onApplicationShutdown(): void {
    this.server?.off('upgrade', recordUpgrade);
  }
}

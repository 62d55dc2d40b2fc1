import { serveParent } from '../../tools/child-side.cjs';
import { startFaultyServer } from '../fixtures/faulty-server';
import { type Command, type UpstreamState } from './messages';

// Flagship, in a process of its own: floods and bombs must not slow down who measures.
const flagsOf = (generation: number) => ({ 'new-checkout': true, 'home-page': 'modern', generation });

async function start(): Promise<void> {
  const server = await startFaultyServer(flagsOf(0));
  const obey = async (command: Command | null): Promise<UpstreamState> => {
    if (command !== null) {
      server.flags = flagsOf(command.generation);
      server.fault = command.fault;
      await server.settled;
    }
    return { openConnections: server.openConnections };
  };
  serveParent({ endpoint: server.endpoint }, { answer: obey, onDisconnect: () => server.close() });
}

void start();

import { startFaultyServer } from '../fixtures/faulty-server';
import { type Command, type UpstreamState } from './messages';

// Flagship, in a process of its own: floods and bombs must not slow down who measures.
const flagsOf = (generation: number) => ({ 'new-checkout': true, 'home-page': 'modern', generation });

async function start(): Promise<void> {
  const server = await startFaultyServer(flagsOf(0));
  const obey = async (command: Command | null): Promise<void> => {
    if (command !== null) {
      server.flags = flagsOf(command.generation);
      server.fault = command.fault;
      await server.settled;
    }
    process.send?.({ openConnections: server.openConnections } satisfies UpstreamState);
  };
  process.on('message', (command) => void obey(command as Command | null));
  process.on('disconnect', () => void server.close());
  process.send?.({ endpoint: server.endpoint });
}

void start();

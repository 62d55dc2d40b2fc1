import { type FlagshipStats } from 'nestjs-flagship';
import { type FaultName } from '../fixtures/faults';

/** What the application's process tells of itself, after a garbage collection. */
export interface Sample {
  /** In bytes. */
  readonly heap: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly stats: FlagshipStats | undefined;
  /** The longest that its event loop has stood still so far, in milliseconds: no evaluation can end meanwhile. */
  readonly longestTurn: number;
  /** Unhandled rejections, uncaught exceptions and warnings so far. */
  readonly problems: readonly string[];
}

/** What the application answers a request with. */
export interface Page {
  readonly home: string;
  readonly generation: number;
  readonly reason: string;
  /** How long the service waited for its flag, in milliseconds. */
  readonly waited: number;
}

/** What Flagship is told to be. */
export interface Command {
  readonly fault: FaultName;
  readonly generation: number;
}

export interface UpstreamState {
  readonly openConnections: number;
}

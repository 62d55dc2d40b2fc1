import { type FlagshipStats } from 'nestjs-flagship';
import { type FaultName } from '../fixtures/faults';

/** What the application's process tells of itself, after a garbage collection. */
export interface Sample {
  /** In bytes. */
  readonly heap: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly stats: FlagshipStats | undefined;
  /** The most CPU time, in milliseconds, that it has taken without letting anything else have a turn. */
  readonly longestOwnStandstill: number;
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
  /** How long the whole request took, from its arrival in the application, in milliseconds. */
  readonly took: number;
  /** How long the application has not stood still, in milliseconds; null when it never has. */
  readonly paceKept: number | null;
}

/** What Flagship is told to be. */
export interface Command {
  readonly fault: FaultName;
  readonly generation: number;
}

export interface UpstreamState {
  readonly openConnections: number;
}

import { type ModulesContainer } from '@nestjs/core';
import { messageOf } from '../errors';
import { FlagshipLogger } from '../logging';
import { watchHooks } from './flagship-hook-watch';
import { watchStart } from './flagship-start-watch';
import { detached, limited } from '../runtime';

/** How long the end waits for any one part, in milliseconds. The parts have shorter limits of their own. */
const CLOSE_LIMIT_MS = 10_000;

/** What must be given back when a module ends, in whichever way it does: closed, or by a start that failed. */
export class CleanupStack {
  private readonly callbacks: (() => unknown)[] = [];
  private disposed: Promise<void> | undefined;
  private endWatch = (): void => undefined;
  private readonly fail = (): void => void this.dispose();

  private constructor(private readonly modules: ModulesContainer) {}

  static of(modules: ModulesContainer): CleanupStack {
    const lifetime = new CleanupStack(modules);
    lifetime.endWatch = watchStart(modules, lifetime.fail);
    return lifetime;
  }

  /** Nest has made all parts; what is left of the start are their hooks. */
  begin(): void {
    this.endWatch();
    this.endWatch = watchHooks(this.modules, this.fail);
  }

  /** Remembers how to give something back; does so at once when all has ended already. */
  defer(release: () => unknown): void {
    if (this.disposed === undefined) this.callbacks.unshift(release);
    else void run(release);
  }

  /** Gives everything back, the last taken first; once. Never rejects. */
  dispose(): Promise<void> {
    this.endWatch();
    // Begun one after the other, then waited for together: one that throws or hangs keeps none of the others.
    this.disposed ??= Promise.all(this.callbacks.splice(0).map(run)).then(() => undefined);
    return this.disposed;
  }
}

async function run(release: () => unknown): Promise<void> {
  try {
    await detached(() => limited('moduleClose', release, CLOSE_LIMIT_MS));
  } catch (error) {
    new FlagshipLogger('FlagshipModule').warn(`The module did not close as it should. ${messageOf(error)}`);
  }
}

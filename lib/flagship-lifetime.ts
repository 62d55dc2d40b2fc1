import { type ModulesContainer } from '@nestjs/core';
import { messageOf } from './errors';
import { FlagshipLogger } from './logging';
import { watchHooks } from './flagship-hook-watch';
import { watchStart } from './flagship-start-watch';
import { detached, limited } from './runtime';

/** How long the end waits for any one part, in milliseconds. The parts have shorter limits of their own. */
const CLOSE_LIMIT_MS = 10_000;

/** What must be given back when a module ends, in whichever way it does: closed, or by a start that failed. */
export class Lifetime {
  private readonly releases: (() => unknown)[] = [];
  private ended: Promise<void> | undefined;
  private endWatch = (): void => undefined;
  private readonly fail = (): void => void this.end();

  private constructor(private readonly modules: ModulesContainer) {}

  static of(modules: ModulesContainer): Lifetime {
    const lifetime = new Lifetime(modules);
    lifetime.endWatch = watchStart(modules, lifetime.fail);
    return lifetime;
  }

  /** Nest has made all parts; what is left of the start are their hooks. */
  begin(): void {
    this.endWatch();
    this.endWatch = watchHooks(this.modules, this.fail);
  }

  /** Remembers how to give something back; does so at once when all has ended already. */
  onEnd(release: () => unknown): void {
    if (this.ended === undefined) this.releases.unshift(release);
    else void giveBack(release);
  }

  /** Gives everything back, the last taken first; once. Never rejects. */
  end(): Promise<void> {
    this.endWatch();
    // Begun one after the other, then waited for together: one that throws or hangs keeps none of the others.
    this.ended ??= Promise.all(this.releases.splice(0).map(giveBack)).then(() => undefined);
    return this.ended;
  }
}

async function giveBack(release: () => unknown): Promise<void> {
  try {
    await detached(() => limited('moduleClose', release, CLOSE_LIMIT_MS));
  } catch (error) {
    new FlagshipLogger('FlagshipModule').warn(`The module did not close as it should. ${messageOf(error)}`);
  }
}

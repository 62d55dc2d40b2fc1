import { type ModulesContainer } from '@nestjs/core';
import { watchHooks } from './flagship-hook-watch';
import { watchStart } from './flagship-start-watch';

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
    else void this.giveBack([release]);
  }

  /** Gives everything back, the last taken first; once. */
  end(): Promise<void> {
    this.endWatch();
    this.ended ??= this.giveBack(this.releases.splice(0));
    return this.ended;
  }

  private async giveBack(releases: readonly (() => unknown)[]): Promise<void> {
    for (const release of releases) await release();
  }
}

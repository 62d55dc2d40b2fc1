import { Scope } from '@nestjs/common';
import { type ModulesContainer } from '@nestjs/core';

/** Settles when Nest has made a part, with the error if it could not. */
interface Signal {
  asPromise(): Promise<unknown>;
}

/** What Nest keeps about a part that it makes. */
interface Part {
  readonly scope?: Scope;
  settlementSignal?: Signal;
}

/** Providers for single requests or users are made when they are first needed; the start does not depend on them. */
function isMadeAtStart({ scope }: Part): boolean {
  return scope === undefined || scope === Scope.DEFAULT;
}

/**
 * Calls back when the application fails while Nest makes its parts. Nest closes nothing then and calls no hook, and
 * nobody gets an application to close; only the parts themselves know.
 *
 * @returns Ends the watch.
 */
export function watchStart(modules: ModulesContainer, failed: () => void): () => void {
  const unmade = new Set<Part>();
  const follow = (signal: Signal): void => {
    void signal.asPromise().then((error) => {
      if (error !== undefined) failed();
    });
  };
  for (const { providers, injectables, controllers } of modules.values()) {
    const atStart = ([...providers.values()] as Part[]).filter(isMadeAtStart);
    for (const part of [...atStart, ...injectables.values(), ...controllers.values()] as Part[]) {
      if (part.settlementSignal === undefined) followFirst(part, unmade, follow);
      else follow(part.settlementSignal);
    }
  }
  return () => {
    for (const part of unmade) settle(part, undefined);
  };
}

/** Follows the signal that a part will get when its turn comes; not those of later instances, for single requests. */
function followFirst(part: Part, unmade: Set<Part>, follow: (signal: Signal) => void): void {
  unmade.add(part);
  Object.defineProperty(part, 'settlementSignal', {
    configurable: true,
    enumerable: true,
    get: () => undefined,
    set: (signal: Signal) => {
      unmade.delete(part);
      settle(part, signal);
      follow(signal);
    },
  });
}

function settle(part: Part, value: Signal | undefined): void {
  Object.defineProperty(part, 'settlementSignal', {
    configurable: true,
    enumerable: true,
    writable: true,
    value,
  });
}

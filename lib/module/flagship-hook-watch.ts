import { type ModulesContainer } from '@nestjs/core';
import { callSafely } from '../runtime';

const HOOKS = ['onModuleInit', 'onApplicationBootstrap'] as const;

/** What Nest keeps about a part that it has made. */
interface Part {
  readonly instance: unknown;
  isDependencyTreeStatic(): boolean;
}

/**
 * Calls back when a hook of the start fails. Nest calls no other hook then: an application context that fails so is
 * never handed out, or cannot be closed, and would hold its flags for ever.
 *
 * @returns Ends the watch.
 */
export function watchHooks(modules: ModulesContainer, failed: () => void): () => void {
  const restores: (() => void)[] = [];
  for (const { providers, injectables, controllers } of modules.values()) {
    for (const part of [...providers.values(), ...injectables.values(), ...controllers.values()] as Part[]) {
      const { instance } = part;
      if (typeof instance !== 'object' || instance === null || !part.isDependencyTreeStatic()) continue;
      for (const hook of HOOKS) {
        // A proxy may throw at any look before there is a request; it goes unwatched.
        callSafely(() => {
          restores.push(watchHook(instance, hook, failed));
        });
      }
    }
  }
  return () => {
    for (const restore of restores) restore();
  };
}

/** Listens to the next call of a hook; what was there is there again when it is called. */
function watchHook(instance: object, hook: (typeof HOOKS)[number], failed: () => void): () => void {
  const original: unknown = (instance as Record<string, unknown>)[hook];
  if (typeof original !== 'function') return () => undefined;
  const before = Object.getOwnPropertyDescriptor(instance, hook);
  const watched = function (this: unknown, ...args: unknown[]): unknown {
    restore();
    try {
      const result: unknown = Reflect.apply(original, this, args);
      if (result instanceof Promise) result.catch(failed);
      return result;
    } catch (error) {
      failed();
      throw error;
    }
  };
  const restore = (): void => {
    callSafely(() => {
      if (Object.getOwnPropertyDescriptor(instance, hook)?.value !== watched) return;
      if (before === undefined) Reflect.deleteProperty(instance, hook);
      else Reflect.defineProperty(instance, hook, before);
    });
  };
  // An object that takes no properties goes unwatched.
  Reflect.defineProperty(instance, hook, { configurable: true, writable: true, value: watched });
  return restore;
}

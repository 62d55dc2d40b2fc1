import { type Type } from '@nestjs/common';
import { type ApplicationConfig, MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { flagParametersOf } from '../decorators';
import { flagRequirementsOf } from '../guards';
import { type FlagUsage, type FlagUse } from '../service';
import { entryPoints } from './entry-points';
import { RoutePaths } from './route-paths';

/** A use, and the flag it names. */
interface Named extends FlagUse {
  readonly key: string;
  readonly domain: string | undefined;
}

/** What Nest keeps about a part. */
interface Part {
  readonly metatype: unknown;
  readonly inject?: unknown;
  readonly instance: unknown;
}

const scanner = new MetadataScanner();

/** Every class of an application's modules, with its module. */
function* classesOf(modules: ModulesContainer): Iterable<[module: Type, owner: Type]> {
  for (const { metatype, controllers, providers } of modules.values()) {
    for (const part of [...controllers.values(), ...providers.values()] as Part[]) {
      // What a factory has made shows its class itself.
      const isClass = part.inject === undefined || part.inject === null;
      const owner = isClass ? part.metatype : (part.instance as object | null | undefined)?.constructor;
      if (typeof owner === 'function' && typeof owner.prototype === 'object') yield [metatype, owner as Type];
    }
  }
}

function namedBy(target: object): Omit<Named, 'where' | 'handler'>[] {
  return flagRequirementsOf(target).flatMap(({ keys, domain }) =>
    keys.map((key) => ({ decorator: '@FeatureFlag' as const, key, domain })),
  );
}

function usesOfMethod(owner: Type, method: string, routes: readonly string[]): Named[] {
  const prototype = owner.prototype as Record<string, object>;
  const handler = prototype[method] as object;
  const entries = [...routes, ...entryPoints(owner, handler, method)];
  const name = `${owner.name}.${method}`;
  const parameters = flagParametersOf(prototype, method).map(({ decorator, wanted }) => ({
    decorator,
    key: wanted.key,
    domain: wanted.domain,
  }));
  const onClass = entries.length === 0 ? [] : namedBy(owner);
  const places = entries.length === 0 ? [name] : entries;
  return [...onClass, ...namedBy(handler), ...parameters].flatMap((named) =>
    places.map((where) => ({ ...named, where, handler: name })),
  );
}

function usesOfClass(paths: RoutePaths, module: Type, owner: Type): Named[] {
  const prototype = owner.prototype as Record<string, object>;
  const uses = scanner
    .getAllMethodNames(prototype)
    .flatMap((method) => usesOfMethod(owner, method, paths.of(module, owner, prototype[method] as object)));
  // A class that nothing leads into names its flags for itself.
  const isEntered = uses.some(({ where, handler }) => where !== handler);
  const own = isEntered
    ? []
    : namedBy(owner).map((named) => ({ ...named, where: owner.name, handler: owner.name }));
  return [...own, ...uses];
}

/**
 * The flags that the code names in decorators, and where.
 *
 * @param isOurs Is a flag of this domain meant?
 */
export function findUsage(
  modules: ModulesContainer,
  config: ApplicationConfig | undefined,
  isOurs: (domain: string | undefined) => boolean,
): readonly FlagUsage[] {
  const paths = new RoutePaths(modules, config);
  const byKey = new Map<string, Map<string, FlagUse>>();
  for (const [module, owner] of classesOf(modules)) {
    for (const { key, domain, decorator, where, handler } of usesOfClass(paths, module, owner)) {
      if (!isOurs(domain)) continue;
      const uses = byKey.get(key) ?? new Map<string, FlagUse>();
      byKey.set(key, uses);
      // The same class may stand in several modules, and one decorator name a flag twice.
      uses.set(`${decorator} ${where} ${handler}`, { decorator, where, handler });
    }
  }
  const keys = [...byKey.keys()].sort();
  return keys.map((key) => ({ key, uses: [...(byKey.get(key)?.values() ?? [])] }));
}

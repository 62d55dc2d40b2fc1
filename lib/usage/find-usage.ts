import { type Type } from '@nestjs/common';
import { type ApplicationConfig, MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { inheritedFlagParameters, ownFlagParameters } from '../decorators';
import { flagRequirementsOf } from '../guards';
import { type FlagUsage, type FlagUse } from '../service';
import { readSafely } from '../runtime';
import { messagePatterns, providerEntries } from './entry-points';
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

/** A class of the application's, and what Nest makes of it. */
interface FlagConsumer {
  readonly module: Type;
  readonly type: Type;
  readonly role: 'controller' | 'provider';
  /** Whether Nest has made it from its class; a factory's product has only its prototype to show. */
  readonly isFromClass: boolean;
  /** Whether it was there when the application was made: Nest gives no entry to what is loaded later. */
  readonly isServed: boolean;
}

/** What an application is made of. */
export interface ApplicationParts {
  readonly modules: ModulesContainer;
  /** The modules that the application began with. */
  readonly initial: ReadonlySet<unknown>;
  readonly config: ApplicationConfig | undefined;
  /** Whether the application answers HTTP; a worker or a microservice has the same controllers without it. */
  readonly hasHttp: boolean;
}

const scanner = new MetadataScanner();

/** Returns the class of a part. Instances may be proxies that throw outside of a request. */
function typeOf(part: Part, isFromClass: boolean): Type | undefined {
  return readSafely(() => {
    const prototype = isFromClass ? undefined : (Object.getPrototypeOf(part.instance) as object | null);
    const type: unknown = isFromClass ? part.metatype : prototype?.constructor;
    return typeof type === 'function' && typeof type.prototype === 'object' ? (type as Type) : undefined;
  });
}

/** Returns every class of an application's modules. */
function consumersOf({ modules, initial }: ApplicationParts): readonly FlagConsumer[] {
  return [...modules.values()].flatMap((module) =>
    (['controller', 'provider'] as const).flatMap((role) => {
      const parts = role === 'controller' ? module.controllers : module.providers;
      return ([...parts.values()] as Part[]).flatMap((part): FlagConsumer[] => {
        const isFromClass = part.inject === undefined || part.inject === null;
        const type = typeOf(part, isFromClass);
        if (type === undefined) return [];
        return [{ module: module.metatype, type, role, isFromClass, isServed: initial.has(module) }];
      });
    }),
  );
}

function namedBy(target: object): Omit<Named, 'where' | 'handler'>[] {
  return flagRequirementsOf(target).flatMap(({ keys, domain }) =>
    keys.map((key) => ({ decorator: '@FeatureFlag' as const, key, domain })),
  );
}

/** Returns what leads to a handler; nothing where it is a plain method, or where Nest does not serve it. */
function entriesOf(
  paths: RoutePaths | undefined,
  owner: FlagConsumer,
  handler: object,
  method: string,
): readonly string[] {
  const { module, type, role, isFromClass, isServed } = owner;
  if (!isServed) return [];
  if (role === 'provider') return providerEntries(type, handler, method, isFromClass);
  return [...(paths?.of(module, type, handler) ?? []), ...messagePatterns(handler)];
}

function usesOfMethod(owner: FlagConsumer, method: string, paths: RoutePaths | undefined): Named[] {
  const prototype = owner.type.prototype as Record<string, object>;
  const handler = prototype[method] as object;
  const entries = entriesOf(paths, owner, handler, method);
  const name = `${owner.type.name}.${method}`;
  const parametersOf = entries.length > 0 ? inheritedFlagParameters : ownFlagParameters;
  const parameters = parametersOf(prototype, method).map(({ decorator, flag }) => ({
    decorator,
    key: flag.key,
    domain: flag.domain,
  }));
  const onClass = entries.length === 0 ? [] : namedBy(owner.type);
  const places = entries.length === 0 ? [name] : entries;
  return [...onClass, ...namedBy(handler), ...parameters].flatMap((named) =>
    places.map((where) => ({ ...named, where, handler: name })),
  );
}

function usesOfClass(owner: FlagConsumer, paths: RoutePaths | undefined): Named[] {
  const { type } = owner;
  const uses = scanner
    .getAllMethodNames(type.prototype as object)
    .flatMap((method) => readSafely(() => usesOfMethod(owner, method, paths)) ?? []);
  // A class that nothing leads into names its flags for itself.
  const isEntered = uses.some(({ where, handler }) => where !== handler);
  const own = isEntered
    ? []
    : namedBy(type).map((named) => ({ ...named, where: type.name, handler: type.name }));
  return [...own, ...uses];
}

/**
 * Returns the flags that the code names in decorators, and where: routes, messages and fields as Nest serves them, else
 * class and method. A class that cannot be read is left out.
 *
 * @param wantedDomain The domain whose flags are returned; those that name no domain without it.
 */
export function findUsage(
  application: ApplicationParts,
  wantedDomain: string | undefined,
): readonly FlagUsage[] {
  const { modules, config, hasHttp } = application;
  const paths = hasHttp ? new RoutePaths(modules, config) : undefined;
  const byKey = new Map<string, Map<string, FlagUse>>();
  for (const owner of consumersOf(application)) {
    for (const named of readSafely(() => usesOfClass(owner, paths)) ?? []) {
      const { key, domain, decorator, where, handler } = named;
      if (domain !== wantedDomain) continue;
      const uses = byKey.get(key) ?? new Map<string, FlagUse>();
      byKey.set(key, uses);
      // The same class may stand in several modules, and one decorator name a flag twice.
      uses.set(`${decorator} ${where} ${handler}`, { decorator, where, handler });
    }
  }
  const keys = [...byKey.keys()].sort();
  return keys.map((key) => ({ key, uses: [...(byKey.get(key)?.values() ?? [])] }));
}

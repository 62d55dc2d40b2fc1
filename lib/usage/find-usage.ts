import { type Type } from '@nestjs/common';
import { type ApplicationConfig, MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { inheritedFlagParameters, ownFlagParameters } from '../decorators';
import { flagRequirementsOf } from '../guards';
import { type FlagUsage, type FlagUse } from '../service';
import { readSafely } from '../runtime';
import { messageEntryPoints, providerEntryPoints } from './entry-points';
import { RoutePaths } from './route-paths';

/** A use together with the flag that it names. */
interface NamedFlag extends FlagUse {
  readonly key: string;
  readonly domain: string | undefined;
}

/** The members read from Nest's `InstanceWrapper` of a controller or provider. */
interface NestWrapper {
  readonly metatype: unknown;
  readonly inject?: unknown;
  readonly instance: unknown;
}

/** A class of the application and its role in Nest. */
interface FlagConsumer {
  readonly module: Type;
  readonly type: Type;
  readonly role: 'controller' | 'provider';
  /** Whether Nest created the instance from its class; for a factory's result, the class is read from its prototype. */
  readonly isFromClass: boolean;
  /** Whether its module existed when the application was created; Nest serves no handlers of lazy-loaded modules. */
  readonly isInitial: boolean;
}

/** The parts of a Nest application that are searched for flags. */
export interface ApplicationParts {
  readonly modules: ModulesContainer;
  /** The modules that existed when the application was created. */
  readonly initial: ReadonlySet<unknown>;
  readonly config: ApplicationConfig | undefined;
  /** Whether the application serves HTTP; a worker or a microservice may have the same controllers without routes. */
  readonly hasHttp: boolean;
}

const scanner = new MetadataScanner();

/** Returns the class of a controller or provider; undefined if the instance is a proxy that throws when it is read. */
function typeOf(wrapper: NestWrapper, isFromClass: boolean): Type | undefined {
  return readSafely(() => {
    const prototype = isFromClass ? undefined : (Object.getPrototypeOf(wrapper.instance) as object | null);
    const type: unknown = isFromClass ? wrapper.metatype : prototype?.constructor;
    return typeof type === 'function' && typeof type.prototype === 'object' ? (type as Type) : undefined;
  });
}

/** Returns every class of an application's modules. */
function consumersOf({ modules, initial }: ApplicationParts): readonly FlagConsumer[] {
  return [...modules.values()].flatMap((module) =>
    (['controller', 'provider'] as const).flatMap((role) => {
      const wrappers = role === 'controller' ? module.controllers : module.providers;
      return ([...wrappers.values()] as NestWrapper[]).flatMap((wrapper): FlagConsumer[] => {
        const isFromClass = wrapper.inject === undefined || wrapper.inject === null;
        const type = typeOf(wrapper, isFromClass);
        if (type === undefined) return [];
        return [{ module: module.metatype, type, role, isFromClass, isInitial: initial.has(module) }];
      });
    }),
  );
}

function flagsNamedOn(target: object): Omit<NamedFlag, 'where' | 'handler'>[] {
  return flagRequirementsOf(target).flatMap(({ keys, domain }) =>
    keys.map((key) => ({ decorator: '@FeatureFlag' as const, key, domain })),
  );
}

/** Returns the routes, messages and fields that a handler serves; an empty list for a method that Nest does not call. */
function entryPointsOf(
  paths: RoutePaths | undefined,
  consumer: FlagConsumer,
  handler: object,
  method: string,
): readonly string[] {
  const { module, type, role, isFromClass, isInitial } = consumer;
  if (!isInitial) return [];
  if (role === 'provider') return providerEntryPoints(type, handler, method, isFromClass);
  return [...(paths?.of(module, type, handler) ?? []), ...messageEntryPoints(handler)];
}

function usesOfMethod(consumer: FlagConsumer, method: string, paths: RoutePaths | undefined): NamedFlag[] {
  const prototype = consumer.type.prototype as Record<string, object>;
  const handler = prototype[method] as object;
  const entries = entryPointsOf(paths, consumer, handler, method);
  const name = `${consumer.type.name}.${method}`;
  const parametersOf = entries.length > 0 ? inheritedFlagParameters : ownFlagParameters;
  const parameters = parametersOf(prototype, method).map(({ decorator, flag }) => ({
    decorator,
    key: flag.key,
    domain: flag.domain,
  }));
  const onClass = entries.length === 0 ? [] : flagsNamedOn(consumer.type);
  const places = entries.length === 0 ? [name] : entries;
  return [...onClass, ...flagsNamedOn(handler), ...parameters].flatMap((named) =>
    places.map((where) => ({ ...named, where, handler: name })),
  );
}

function usesOfClass(consumer: FlagConsumer, paths: RoutePaths | undefined): NamedFlag[] {
  const { type } = consumer;
  const uses = scanner
    .getAllMethodNames(type.prototype as object)
    .flatMap((method) => readSafely(() => usesOfMethod(consumer, method, paths)) ?? []);
  // The flags named on a class are listed with its handlers; for a class without any, they are listed with the class.
  const hasEntryPoint = uses.some(({ where, handler }) => where !== handler);
  const own = hasEntryPoint
    ? []
    : flagsNamedOn(type).map((named) => ({ ...named, where: type.name, handler: type.name }));
  return [...own, ...uses];
}

/**
 * Returns the flags that the code names in decorators, with their places: the routes, messages and fields that Nest
 * serves, or else class and method. Classes that cannot be read are left out.
 *
 * @param wantedDomain The domain whose flags are returned; if undefined, the flags that name no domain.
 */
export function findUsage(
  application: ApplicationParts,
  wantedDomain: string | undefined,
): readonly FlagUsage[] {
  const { modules, config, hasHttp } = application;
  const paths = hasHttp ? new RoutePaths(modules, config) : undefined;
  const byKey = new Map<string, Map<string, FlagUse>>();
  for (const consumer of consumersOf(application)) {
    for (const named of readSafely(() => usesOfClass(consumer, paths)) ?? []) {
      const { key, domain, decorator, where, handler } = named;
      if (domain !== wantedDomain) continue;
      const uses = byKey.get(key) ?? new Map<string, FlagUse>();
      byKey.set(key, uses);
      // Keyed to remove duplicates: a class may belong to several modules, and a decorator may name a flag twice.
      uses.set(`${decorator} ${where} ${handler}`, { decorator, where, handler });
    }
  }
  const keys = [...byKey.keys()].sort();
  return keys.map((key) => ({ key, uses: [...(byKey.get(key)?.values() ?? [])] }));
}

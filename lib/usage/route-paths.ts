import { RequestMethod, type Type, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { ApplicationConfig, type ModulesContainer } from '@nestjs/core';
import { NEST_METADATA, nestMetadata } from '../undocumented';

/** A route that the global prefix excludes, as Nest stores it. */
interface Excluded {
  readonly pathRegex: RegExp;
  readonly requestMethod: RequestMethod;
}

const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : [value];

const withoutTrailingSlash = (path: string): string => path.replace(/\/$/, '');
const withLeadingSlash = (path: string): string => (path.startsWith('/') ? path : `/${path}`);

/** Returns the joined parts of a path, as Nest joins them: with one slash between parts; slashes within a part stay. */
const joinPath = (...parts: readonly unknown[]): string => {
  const path = parts
    .map(String)
    .filter((part) => part !== '')
    .reduce((before, part) => withoutTrailingSlash(before) + withLeadingSlash(part), '');
  return withLeadingSlash(withoutTrailingSlash(path));
};

/** Determines the routes that Nest serves, with the prefixes and versions of application, module and controller. */
export class RoutePaths {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig = new ApplicationConfig(),
  ) {}

  /** Returns the routes of a handler, for example `GET /checkout/:id`; an empty list if the handler is not a route. */
  of(module: Type, controller: Type, handler: object): readonly string[] {
    const own = nestMetadata('path', handler);
    const base = nestMetadata('path', controller);
    if (own === undefined || base === undefined) return [];
    const method = (nestMetadata('method', handler) as RequestMethod | undefined) ?? RequestMethod.GET;
    const modulePath =
      Reflect.getMetadata(NEST_METADATA.modulePath + this.modules.applicationId, module) ??
      nestMetadata('modulePath', module) ??
      '';
    return this.versions(controller, handler).flatMap((version) =>
      asList(base).flatMap((start) =>
        asList(own).map((end) => {
          const path = joinPath(modulePath, start, end);
          return `${RequestMethod[method]} ${joinPath(this.prefix(path, method), version, path)}`;
        }),
      ),
    );
  }

  /** Returns the path segments of the handler's versions; one empty segment without versioning by URI. */
  private versions(controller: Type, handler: object): readonly string[] {
    const versioning = this.config.getVersioning();
    if (versioning?.type !== VersioningType.URI) return [''];
    // Nest treats an empty version of the handler like a missing one.
    const version = [
      nestMetadata('version', handler),
      nestMetadata('version', controller) ?? versioning.defaultVersion,
    ].find(Boolean);
    const { prefix = 'v' } = versioning;
    return asList(version).map((item) =>
      item === undefined || item === VERSION_NEUTRAL
        ? ''
        : `${prefix === false ? '' : prefix}${item as string}`,
    );
  }

  private prefix(path: string, method: RequestMethod): string {
    const excluded = (this.config.getGlobalPrefixOptions().exclude ?? []) as readonly Excluded[];
    const isExcluded = excluded.some(
      ({ pathRegex, requestMethod }) =>
        (requestMethod === RequestMethod.ALL || requestMethod === method) && pathRegex.test(path),
    );
    return isExcluded ? '' : this.config.getGlobalPrefix();
  }
}

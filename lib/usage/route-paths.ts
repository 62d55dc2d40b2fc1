import { RequestMethod, type Type, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { ApplicationConfig, type ModulesContainer } from '@nestjs/core';
import { NEST_METADATA, nestMetadata } from '../undocumented';

/** A route that the global prefix leaves out, as Nest keeps it. */
interface Excluded {
  readonly pathRegex: RegExp;
  readonly requestMethod: RequestMethod;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

const withoutEnd = (path: string): string => path.replace(/\/$/, '');
const withStart = (path: string): string => (path.startsWith('/') ? path : `/${path}`);

/** Joins the parts of a path as Nest does, with one slash between two; slashes within a part stay. */
const joined = (...parts: readonly unknown[]): string => {
  const path = parts
    .map(String)
    .filter((part) => part !== '')
    .reduce((before, part) => withoutEnd(before) + withStart(part), '');
  return withStart(withoutEnd(path));
};

/** Routes as they are served: with the prefixes and versions of application, module and controller. */
export class RoutePaths {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig = new ApplicationConfig(),
  ) {}

  /** `GET /checkout/:id`, and the others where a handler has several; none where it is no route. */
  of(module: Type, controller: Type, handler: object): readonly string[] {
    const own = nestMetadata('path', handler);
    const base = nestMetadata('path', controller);
    if (own === undefined || base === undefined) return [];
    const method = (nestMetadata('method', handler) as RequestMethod | undefined) ?? RequestMethod.GET;
    const modulePath =
      Reflect.getMetadata(NEST_METADATA.modulePath + this.modules.applicationId, module) ??
      nestMetadata('modulePath', module) ?? '';
    return this.versions(controller, handler).flatMap((version) =>
      list(base).flatMap((start) =>
        list(own).map((end) => {
          const path = joined(modulePath, start, end);
          return `${RequestMethod[method]} ${joined(this.prefix(path, method), version, path)}`;
        }),
      ),
    );
  }

  /** What versions add to the path. */
  private versions(controller: Type, handler: object): readonly string[] {
    const versioning = this.config.getVersioning();
    if (versioning?.type !== VersioningType.URI) return [''];
    // Nest takes an empty version of the handler's for none.
    const version = [nestMetadata('version', handler), nestMetadata('version', controller) ?? versioning.defaultVersion].find(
      Boolean,
    );
    const { prefix = 'v' } = versioning;
    return list(version).map((one) =>
      one === undefined || one === VERSION_NEUTRAL ? '' : `${prefix === false ? '' : prefix}${one as string}`,
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

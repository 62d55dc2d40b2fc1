import { RequestMethod, type Type, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { ApplicationConfig, type ModulesContainer } from '@nestjs/core';

// The names under which Nest's decorators and its RouterModule leave their arguments.
const PATH = 'path';
const METHOD = 'method';
const VERSION = '__version__';
const MODULE_PATH = '__module_path__';

/** A route that the global prefix leaves out, as Nest keeps it. */
interface Excluded {
  readonly pathRegex: RegExp;
  readonly requestMethod: RequestMethod;
}

const read = (key: string, target: object): unknown => Reflect.getMetadata(key, target);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

/** One path of several parts, with single slashes between them. */
const joined = (...parts: readonly unknown[]): string =>
  `/${parts.map(String).join('/')}`.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');

/** Routes as they are served: with the prefixes and versions of application, module and controller. */
export class RoutePaths {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig = new ApplicationConfig(),
  ) {}

  /** `GET /checkout/:id`, and the others where a handler has several; none where it is no route. */
  of(module: Type, controller: Type, handler: object): readonly string[] {
    const own = read(PATH, handler);
    const base = read(PATH, controller);
    if (own === undefined || base === undefined) return [];
    const method = (read(METHOD, handler) as RequestMethod | undefined) ?? RequestMethod.GET;
    const modulePath = read(MODULE_PATH + this.modules.applicationId, module) ?? '';
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
    const version = read(VERSION, handler) ?? read(VERSION, controller) ?? versioning.defaultVersion;
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

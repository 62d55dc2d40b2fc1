import { type ExecutionContext } from '@nestjs/common';
import { type HttpAdapterHost } from '@nestjs/core';
import { type RequestFlags } from '../service';

/** An application whose handlers have the parameter. */
export interface ParameterApplication {
  readonly flags: RequestFlags;
  readonly server: HttpAdapterHost;
}

/**
 * The running applications whose handlers have one decorated parameter. Nest hands a parameter's factory the execution
 * context alone, which does not say to which application it belongs; nearly always there is only one.
 */
export class ParameterApplications {
  // Weak: an application that is dropped without being closed is not kept by its own controllers.
  private running: readonly WeakRef<ParameterApplication>[] = [];
  /** The flags of the only application there is, if there is only one. */
  private sole: WeakRef<RequestFlags> | undefined;

  /** Adds a module's part of an application; the modules of one application share its flags. */
  add(application: ParameterApplication): void {
    this.running = [...this.running, new WeakRef(application)];
    this.count();
  }

  remove(application: ParameterApplication): void {
    this.running = this.running.filter((other) => other.deref() !== application);
    this.count();
  }

  /** Returns the flags of the application that handles this request, or nothing where that cannot be told. */
  flagsFor(context: ExecutionContext): RequestFlags | undefined {
    return this.sole?.deref() ?? this.find(context);
  }

  private find(context: ExecutionContext): RequestFlags | undefined {
    const applications = this.count();
    return this.sole?.deref() ?? applications.find(({ server }) => hasServed(server, context))?.flags;
  }

  private count(): readonly ParameterApplication[] {
    this.running = this.running.filter((application) => application.deref() !== undefined);
    const applications = this.running.flatMap((application) => application.deref() ?? []);
    const [first, ...others] = new Set(applications.map(({ flags }) => flags));
    this.sole = first === undefined || others.length > 0 ? undefined : new WeakRef(first);
    return applications;
  }
}

/** Whether a request has come in through this server: Express names its application on each request, Fastify itself. */
function hasServed({ httpAdapter }: Partial<HttpAdapterHost>, context: ExecutionContext): boolean {
  const instance: unknown = httpAdapter?.getInstance();
  if (instance === undefined || context.getType() !== 'http') return false;
  const request = context.switchToHttp().getRequest<{ readonly app?: unknown; readonly server?: unknown }>();
  return request.app === instance || request.server === instance;
}

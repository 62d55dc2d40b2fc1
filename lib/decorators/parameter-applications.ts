import { type ExecutionContext } from '@nestjs/common';
import { type HttpAdapterHost } from '@nestjs/core';
import { type RequestFlags } from '../service';

/** One module instance whose handlers have the parameter: its application's flags and its HTTP server. */
export interface ParameterApplication {
  readonly flags: RequestFlags;
  readonly server: HttpAdapterHost;
}

/**
 * The running applications whose handlers have a certain decorated parameter. Nest passes only the execution context to
 * a parameter's factory, and the context does not name its application. Nearly always, there is only one.
 */
export class ParameterApplications {
  // Weak references, so that a controller class does not keep an application in memory that was dropped without close().
  private running: readonly WeakRef<ParameterApplication>[] = [];
  /** The flags of the application, if there is exactly one. */
  private onlyFlags: WeakRef<RequestFlags> | undefined;

  /** Adds an entry per module instance; the modules of one application share its flags. */
  add(application: ParameterApplication): void {
    this.running = [...this.running, new WeakRef(application)];
    this.dropCollected();
  }

  remove(application: ParameterApplication): void {
    this.running = this.running.filter((other) => other.deref() !== application);
    this.dropCollected();
  }

  /** Returns the flags of the application that handles this request; undefined if it cannot be determined. */
  flagsFor(context: ExecutionContext): RequestFlags | undefined {
    return this.onlyFlags?.deref() ?? this.find(context);
  }

  private find(context: ExecutionContext): RequestFlags | undefined {
    const applications = this.dropCollected();
    return this.onlyFlags?.deref() ?? applications.find(({ server }) => isRequestOf(server, context))?.flags;
  }

  /** Removes garbage-collected applications, updates `onlyFlags`, and returns the remaining ones. */
  private dropCollected(): readonly ParameterApplication[] {
    this.running = this.running.filter((application) => application.deref() !== undefined);
    const applications = this.running.flatMap((application) => application.deref() ?? []);
    const [first, ...others] = new Set(applications.map(({ flags }) => flags));
    this.onlyFlags = first === undefined || others.length > 0 ? undefined : new WeakRef(first);
    return applications;
  }
}

/** Whether a server received the request: Express sets its instance as `request.app`, Fastify as `request.server`. */
function isRequestOf({ httpAdapter }: Partial<HttpAdapterHost>, context: ExecutionContext): boolean {
  const instance: unknown = httpAdapter?.getInstance();
  if (instance === undefined || context.getType() !== 'http') return false;
  const request = context.switchToHttp().getRequest<{ readonly app?: unknown; readonly server?: unknown }>();
  return request.app === instance || request.server === instance;
}

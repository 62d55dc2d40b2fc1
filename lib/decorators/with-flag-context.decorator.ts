import { Inject } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { configurationError, messageOf } from '../errors';
import { FlagshipLogger } from '../logging';
import { FlagService } from '../service';

/** What the job is for: its evaluation context, made from the method's arguments. */
export type JobContextFactory<Args extends unknown[] = never[]> = (
  ...args: Args
) => EvaluationContext | undefined | PromiseLike<EvaluationContext | undefined>;

type Method = (this: Job, ...args: unknown[]) => unknown;

/** On a job's instance: the service of the application that has made it. */
const FLAGS = Symbol('flagship.flags');

interface Job {
  readonly [FLAGS]?: FlagService;
}

/** Classes that ask for the service already. */
const injected = new WeakSet<object>();

/**
 * Runs a method that no request calls (a scheduled job, the consumer of a queue, a command) in a scope of its own: all
 * flags within it answer for this context, each once. The module's static context is merged in, as with
 * `FlagService.withContext`. The class needs to be a provider; it need not inject anything.
 *
 * When the function fails, the job goes on with the static context alone, and the first failure is logged. A function
 * that returns a promise is waited for, and then the method returns a promise too.
 *
 * @param context What the job is for, made from the method's arguments. Without it: the static context.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, when it is given no function.
 *
 * @example
 * @WithFlagContext((job: Job) => ({ targetingKey: job.data.userId }))
 * async process(job: Job) {}
 */
export function WithFlagContext<Args extends unknown[] = never[]>(
  context?: JobContextFactory<Args>,
): <Handler extends (...args: [...Args, ...never[]]) => unknown>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void {
  if (context !== undefined && typeof context !== 'function') {
    throw configurationError('@WithFlagContext takes a function that makes the context from the arguments.');
  }
  return (target, property, descriptor) => {
    askForService(target);
    const method = descriptor.value as unknown as Method;
    const scoped = inScope(
      method,
      context as JobContextFactory | undefined,
      `@WithFlagContext on ${String(property)}`,
    );
    keepTraces(method, scoped);
    descriptor.value = scoped as never;
  };
}

/** By a property, so that each instance has the service of the application that made it, even with two in a process. */
function askForService(target: object): void {
  if (injected.has(target)) return;
  injected.add(target);
  Inject(FlagService)(target, FLAGS);
}

/** Other decorators leave what they mean on the function itself, and its name is what they find it by. */
function keepTraces(method: Method, scoped: Method): void {
  for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), scoped);
  }
  Object.defineProperty(scoped, 'name', { value: method.name, configurable: true });
}

function inScope(method: Method, factory: JobContextFactory | undefined, what: string): Method {
  let reported = false;
  const failed = (error: unknown): EvaluationContext => {
    if (!reported) logFailure(what, error);
    reported = true;
    return {};
  };
  return function (...args) {
    const { [FLAGS]: flags } = this;
    const call = (): unknown => method.apply(this, args);
    // An instance that Nest has not made, as in a unit test, has no service.
    const run = (context: EvaluationContext | undefined): unknown =>
      flags === undefined ? call() : flags.withContext(context ?? {}, call);
    let made: ReturnType<JobContextFactory>;
    try {
      made = factory?.apply(this, args as never[]);
    } catch (error) {
      made = failed(error);
    }
    if (!isThenable(made)) return run(made as EvaluationContext | undefined);
    return Promise.resolve(made).catch(failed).then(run);
  };
}

function logFailure(what: string, error: unknown): void {
  new FlagshipLogger('FlagshipModule').warn(
    `${what}: its function failed; the job runs without what it would have added. ${messageOf(error)}`,
  );
}

function isThenable(made: ReturnType<JobContextFactory>): made is PromiseLike<EvaluationContext | undefined> {
  return typeof (made as { readonly then?: unknown } | undefined)?.then === 'function';
}

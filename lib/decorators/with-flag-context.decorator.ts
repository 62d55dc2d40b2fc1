import { Inject } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { EvaluationScope, bindToScope, runInScope } from '../context';
import { configurationError, FlagshipError, isErrorOf, messageOf } from '../errors';
import { FlagshipLogger, withoutCredentials } from '../logging';
import { isThenable, limited } from '../runtime';
import { contextTimeoutOf, FlagService } from '../service';

/** What the job is for: its evaluation context, made from the method's arguments. */
export type JobContextFactory<Args extends unknown[] = never[]> = (
  ...args: Args
) => EvaluationContext | undefined | PromiseLike<EvaluationContext | undefined>;

type Method = (this: Job | undefined, ...args: unknown[]) => unknown;

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
 * When the function fails, or takes longer than the option `contextTimeout`, the job goes on with the static context
 * alone, and each kind of failure is logged once. A function that returns a promise is waited for, and then the method
 * returns a promise too; an `async function*` still returns its iterator.
 *
 * Work that the method returns without having done it, a generator's or an observable's, is done in the scope too. A
 * method that is handed on without its instance still runs in a scope, without the static context.
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
  // Nest makes instances; a static method has none.
  if (typeof target === 'function' || injected.has(target)) return;
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

/** What `async function*` makes methods of. */
const { constructor: AsyncGeneratorFunction } = Object.getPrototypeOf(async function* () {
  // Never run.
}) as { constructor: new () => object };

function inScope(method: Method, factory: JobContextFactory | undefined, what: string): Method {
  const contextOf = jobContext(factory, what);
  const isAsyncGenerator = method instanceof AsyncGeneratorFunction;
  return function (...args) {
    // A method that is handed on without its instance has none, nor has an instance that Nest has not made a service.
    const flags = this?.[FLAGS];
    const call = (): unknown => method.apply(this, args);
    const run = (context: EvaluationContext): unknown =>
      flags === undefined ? withoutService(context, call) : flags.withContext(context, call);
    const context = contextOf(this, args, contextTimeoutOf(flags));
    if (!(context instanceof Promise)) return run(context);
    const late = context.then(run);
    return isAsyncGenerator ? lateIterable(late as Promise<AsyncGenerator>) : late;
  };
}

/** Runs a method in a scope for the flags of all modules: without a service it is not known whose flags it asks. */
function withoutService(context: EvaluationContext, call: () => unknown): unknown {
  const scope = new EvaluationScope(context);
  return bindToScope(runInScope(scope, call), scope);
}

/** Makes an iterator that begins when the promise of another one is kept: a generator is not to be waited for. */
async function* lateIterable(late: Promise<AsyncGenerator>): AsyncGenerator {
  yield* await late;
}

/** Makes a function that calls the factory and gives what it makes, or nothing but `{}` where it fails or hangs. */
function jobContext(
  factory: JobContextFactory | undefined,
  what: string,
): (job: unknown, args: unknown[], limitMs: number) => EvaluationContext | Promise<EvaluationContext> {
  const reported = new Set<string>();
  const failed = (error: unknown): EvaluationContext => {
    const kind = isErrorOf(error, FlagshipError) ? error.message : 'failed';
    if (!reported.has(kind)) logFailure(what, error);
    reported.add(kind);
    return {};
  };
  const checked = (made: unknown): EvaluationContext => {
    if (made === undefined) return {};
    const isAttributes = typeof made === 'object' && made !== null && !(Symbol.iterator in made);
    // A copy: a getter that throws must not do so later.
    return isAttributes ? { ...made } : failed(new TypeError('It gave no object.'));
  };
  return (job, args, limitMs) => {
    try {
      const made: unknown = factory?.apply(job, args as never[]);
      if (!isThenable(made)) return checked(made);
      return limited('withFlagContext', made, limitMs).then(checked).catch(failed);
    } catch (error) {
      return failed(error);
    }
  };
}

function logFailure(what: string, error: unknown): void {
  new FlagshipLogger('FlagshipModule').warn(
    `${what}: its function failed; the job runs without what it would have added. ${withoutCredentials(messageOf(error))}`,
  );
}

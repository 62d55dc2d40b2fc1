import { Inject, Optional } from '@nestjs/common';
import { type EvaluationContext } from '@openfeature/server-sdk';
import { EvaluationScope, bindToScope, runInScope } from '../context';
import { configurationError, FlagshipError, isErrorOf, messageOf } from '../errors';
import { FlagshipLogger, withoutCredentials } from '../logging';
import { type CheckTable, checkOptions, type FlagDomain, nameOption } from '../options';
import { isThenable, withTimeLimit } from '../runtime';
import { contextTimeoutOf, type FlagService, getFlagsToken } from '../service';

/** Returns the evaluation context of a job, derived from the arguments of its method. */
export type JobContextFactory<Args extends unknown[] = never[]> = (
  ...args: Args
) => EvaluationContext | undefined | PromiseLike<EvaluationContext | undefined>;

type Method = (this: Job | undefined, ...args: unknown[]) => unknown;

/** Selects the module to whose flags the context of `@WithFlagContext` applies. */
export interface WithFlagContextOptions {
  /**
   * The `domain` of the module, for an application with several.
   *
   * @default the module without a domain
   * @example 'billing'
   */
  readonly domain?: FlagDomain | undefined;
}

type Job = Readonly<Record<symbol, FlagService | undefined>>;

/** By domain, the property of a job's instance into which Nest injects the `FlagService` of its application. */
const serviceProperties = new Map<string | undefined, symbol>();

/** The properties that a prototype already has. */
const injectedProperties = new WeakMap<object, Set<symbol>>();

const optionChecks: CheckTable<WithFlagContextOptions> = { domain: nameOption };

/**
 * Runs a method that no request calls (a scheduled job, a queue consumer, a command) in a scope of its own. Within it,
 * flags are evaluated under this context, each once. The context is merged over the module's static context, as in
 * `FlagService.withContext`. The class must be a provider; it need not inject anything. In a class that a test creates
 * without the module, the method runs in a scope without the static context.
 *
 * If the function throws, rejects or takes longer than the option `contextTimeout`, the method runs with the static
 * context alone, and each kind of failure is logged once. If the function returns a promise, the method returns a promise
 * too; an `async function*` still returns its iterator.
 *
 * The code of a generator or an observable that the method returns runs in the scope too. A method that is called without
 * its instance runs in a scope without the static context.
 *
 * @param context Returns the evaluation context for the method's arguments; without it, the static context applies.
 * @param options The `domain` of the module, for an application with several.
 * @returns A method decorator.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, if an argument is not accepted.
 *
 * @example
 * @WithFlagContext((job: Job) => ({ targetingKey: job.data.userId }))
 * async process(job: Job) {}
 */
export function WithFlagContext<Args extends unknown[] = never[]>(
  context?: JobContextFactory<Args>,
  options: WithFlagContextOptions = {},
): <Handler extends (...args: [...Args, ...never[]]) => unknown>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void {
  if (context !== undefined && typeof context !== 'function') {
    throw configurationError('@WithFlagContext takes a function that returns the context for the arguments.');
  }
  checkOptions(options, optionChecks);
  return (target, property, descriptor) => {
    const service = injectFlagService(target, options.domain);
    const method = descriptor.value as unknown as Method;
    const scoped = wrapInScope(
      method,
      context as JobContextFactory | undefined,
      service,
      `@WithFlagContext on ${String(property)}`,
    );
    copyFunctionMetadata(method, scoped);
    descriptor.value = scoped as never;
  };
}

/**
 * Injects the service into a property, so that each instance has that of its own application, also with two of them.
 * Returns the property.
 */
function injectFlagService(target: object, domain: string | undefined): symbol {
  const property = serviceProperties.get(domain) ?? Symbol(`flagship.flags ${domain ?? ''}`);
  serviceProperties.set(domain, property);
  const injected = injectedProperties.get(target) ?? new Set<symbol>();
  injectedProperties.set(target, injected);
  // A static method has no instance that Nest could inject into.
  if (typeof target === 'function' || injected.has(property)) return property;
  injected.add(property);
  // A test may create the class without the module; its methods run all the same.
  Optional()(target, property);
  Inject(getFlagsToken(domain))(target, property);
  return property;
}

/** Copies metadata and name, because other decorators store metadata on the function, and Nest finds it by name. */
function copyFunctionMetadata(method: Method, scoped: Method): void {
  for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), scoped);
  }
  Object.defineProperty(scoped, 'name', { value: method.name, configurable: true });
}

/** The constructor of all `async function*` functions. */
const { constructor: AsyncGeneratorFunction } = Object.getPrototypeOf(async function* () {
  // Never run.
}) as { constructor: new () => object };

function wrapInScope(
  method: Method,
  factory: JobContextFactory | undefined,
  service: symbol,
  what: string,
): Method {
  const contextOf = safeContextFactory(factory, what);
  const isAsyncGenerator = method instanceof AsyncGeneratorFunction;
  return function (...args) {
    // Undefined if the method is called without its instance, if Nest did not create the instance, or without a module.
    const flags = this?.[service];
    const call = (): unknown => method.apply(this, args);
    const run = (context: EvaluationContext): unknown =>
      canOpenScope(flags) ? flags.withContext(context, call) : runWithoutService(context, call);
    const context = contextOf(this, args, contextTimeoutOf(flags));
    if (!(context instanceof Promise)) return run(context);
    const result = context.then(run);
    return isAsyncGenerator ? iterateWhenReady(result as Promise<AsyncGenerator>) : result;
  };
}

/** Whether a service is there and opens scopes. What a test provides in its place may have other methods alone. */
function canOpenScope(flags: FlagService | undefined): flags is FlagService {
  return typeof (flags as Partial<FlagService> | undefined)?.withContext === 'function';
}

/** Runs a method in a scope for the flags of all modules, because without a service its module is unknown. */
function runWithoutService(context: EvaluationContext, call: () => unknown): unknown {
  const scope = new EvaluationScope(context);
  return bindToScope(runInScope(scope, call), scope);
}

/** Returns a generator over a promised one, because the callers of an `async function*` do not await its result. */
async function* iterateWhenReady(pending: Promise<AsyncGenerator>): AsyncGenerator {
  yield* await pending;
}

/**
 * Returns a function that calls the factory and returns its result, or an empty context if the factory fails or does not
 * settle in time. The returned function never throws or rejects.
 */
function safeContextFactory(
  factory: JobContextFactory | undefined,
  what: string,
): (job: unknown, args: unknown[], limitMs: number) => EvaluationContext | Promise<EvaluationContext> {
  const reported = new Set<string>();
  const failed = (error: unknown): EvaluationContext => {
    // By code, because an application may throw errors of this class with ever new messages.
    const kind = isErrorOf(error, FlagshipError) ? error.code : 'failed';
    if (!reported.has(kind)) logFailure(what, error);
    reported.add(kind);
    return {};
  };
  const copied = (context: unknown): EvaluationContext => {
    if (context === undefined) return {};
    const isAttributes = typeof context === 'object' && context !== null && !(Symbol.iterator in context);
    // Copied here, so that a getter that throws is reported as a failure of the factory.
    return isAttributes ? { ...context } : failed(new TypeError('It returned no object.'));
  };
  return (job, args, limitMs) => {
    try {
      const context: unknown = factory?.apply(job, args as never[]);
      if (!isThenable(context)) return copied(context);
      return withTimeLimit('withFlagContext', context, limitMs).then(copied).catch(failed);
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

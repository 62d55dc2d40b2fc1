import { type ModuleMetadata, type Type } from '@nestjs/common';
import {
  type EvaluationContext,
  type EventHandler,
  type Hook,
  type Provider,
  type ProviderEvents,
} from '@openfeature/server-sdk';
import { type ContextFactory } from './context-factory';
import { type FlagDomain } from './flag-keys';
import { type FlagshipProviderOptions } from './provider-options';

/**
 * How the evaluation context of a request reaches the code that a handler calls. `'interceptor'`: a global interceptor
 * opens a scope around every handler. `'middleware'`: the scope of an HTTP request opens before its guards and ends
 * after its exception filters, at less cost; other transports keep the interceptor. `'none'`: only the guard and the
 * parameter decorators use the request's context, at the least cost.
 */
export type Propagation = 'interceptor' | 'middleware' | 'none';

/**
 * The parts of a request that are copied into its evaluation context. Parts that are not named here are not sent.
 *
 * @example
 * const requestContext: RequestContextOptions = { userId: 'x-user-id', headers: ['x-plan'] };
 */
export interface RequestContextOptions {
  /**
   * Source of the targeting key: a header's name, or a function of the request. The function is called once for a
   * request and its `user`, and again only while it returns nothing. Numbers become text, and so do objects with a
   * `toJSON` or `toString` of their own, such as MongoDB's `ObjectId`. A value that cannot be an id, such as a promise,
   * is left out and logged once.
   *
   * For GraphQL the request is the HTTP request; for its subscriptions and for WebSockets, the request that opened the
   * connection; for microservices, the message's context (`TcpContext`, `NatsContext`, …). The default also reads the
   * user where these transports keep it: `user` of the GraphQL context, `user` or `data.user` of the WebSocket client,
   * and `user` that a guard has set on the message's context.
   * @default `request.user.id`, then `request.user.sub`, then `request.user._id`
   * @example 'x-user-id'
   * @example (request) => (request as { session?: { userId?: string } }).session?.userId
   */
  readonly userId?: string | ((request: unknown) => unknown) | undefined;

  /**
   * Headers to copy into the evaluation context: a list of names, each of which is also the attribute's name as
   * written, or an object of header → attribute. The look-up ignores case. Messages of microservices have headers with
   * NATS, Kafka, RabbitMQ, MQTT 5 and gRPC. `authorization`, `proxy-authorization`, `cookie` and `set-cookie` are
   * refused at start.
   * @default none
   * @example ['x-plan']
   * @example { 'cf-ipcountry': 'country' }
   */
  readonly headers?: readonly string[] | Readonly<Record<string, string>> | undefined;
}

/**
 * An event of the provider, and the function to call on it.
 *
 * @example
 * const handler: ProviderEventHandler = [ProviderEvents.Stale, ({ message }) => alert(message)];
 */
export type ProviderEventHandler = readonly [event: ProviderEvents, handler: EventHandler];

/** The module's options, in addition to those of the provider. */
export interface FlagshipModuleSettings {
  /**
   * OpenFeature domain under which the provider is registered, for a second Flagship app. With `forRootAsync` it stands
   * beside `useFactory`.
   * @default the default domain
   * @example 'search'
   */
  readonly domain?: FlagDomain | undefined;

  /**
   * Another OpenFeature provider in place of Flagship's. Not together with provider options. The start of the
   * application waits at most 30 seconds for it; the provider may also become ready later.
   * @default none
   * @example new InMemoryProvider({})
   */
  readonly provider?: Provider | undefined;

  /**
   * Attributes of every evaluation context. The attributes of a request, and those given with a call, take precedence.
   * @default {}
   * @example { service: 'shop', region: 'eu' }
   */
  readonly context?: EvaluationContext | undefined;

  /**
   * The parts of a request that are copied into its evaluation context.
   * @default none
   * @example { userId: 'x-user-id', headers: ['x-plan'] }
   */
  readonly requestContext?: RequestContextOptions | undefined;

  /**
   * Returns attributes of a request, made from Nest's `ExecutionContext`; they take precedence over all other
   * attributes of the request. May be asynchronous. Called once for a request and its `user`, at the first evaluation.
   * When it fails, returns no object, or takes longer than {@link contextTimeout}, the request is evaluated without
   * them, and each kind of failure is logged once.
   * @default none
   * @example (execution) => ({ handler: execution.getHandler().name })
   */
  readonly contextFactory?: ContextFactory | undefined;

  /**
   * Time limit in milliseconds of an asynchronous `contextFactory`, and of the function of `@WithFlagContext`. 1 to
   * 2,147,483,647. Every flag of a request waits that long when the factory hangs. The default of one second is long
   * enough for a slow look-up of a user, and short enough for a route that a load balancer checks.
   * @default 1000
   * @example 250
   */
  readonly contextTimeout?: number | undefined;

  /**
   * How the evaluation context of a request reaches the code that a handler calls; see {@link Propagation}.
   * @default 'interceptor'
   * @example 'middleware'
   */
  readonly propagation?: Propagation | undefined;

  /**
   * OpenFeature hooks that run for every evaluation by `FlagService`, the decorators and the injected client. A hook
   * that fails changes no result: the evaluation goes on without it, and the failure is logged.
   * @default []
   * @example [new LoggingHook()]
   */
  readonly hooks?: readonly Hook[] | undefined;

  /**
   * Time limit in milliseconds of one hook of `hooks` in each of its stages. 1 to 2,147,483,647. After it the
   * evaluation goes on without that hook.
   * @default 1000
   * @example 200
   */
  readonly hookTimeout?: number | undefined;

  /**
   * Time limit in milliseconds of an evaluation where hooks run, or where `provider` is set. 1 to 2,147,483,647. After
   * it the evaluation returns the default value with the error code `GENERAL`. An evaluation by Flagship's own provider
   * without hooks has its `deadline` instead.
   * @default 10000, or `deadline` + 1000 where that is longer
   * @example 2000
   */
  readonly evaluationTimeout?: number | undefined;

  /**
   * Functions to call on the provider's events: ready, stale, error, configuration changed. They are called outside of
   * any request, and removed when the application closes. A handler that throws or rejects changes nothing and is
   * logged once.
   * @default []
   * @example [[ProviderEvents.Stale, ({ message }) => alert(message)]]
   */
  readonly handlers?: readonly ProviderEventHandler[] | undefined;

  /**
   * Whether to log at start which flags the decorators in the code name, and where.
   * @default false
   * @example true
   */
  readonly listUsage?: boolean | undefined;
}

/**
 * The options of `FlagshipModule.forRoot`: those of the provider and those of the module.
 *
 * @example
 * FlagshipModule.forRoot({
 *   appId: 'shop',
 *   accountId: process.env.FLAGSHIP_ACCOUNT_ID,
 *   authToken: process.env.FLAGSHIP_TOKEN,
 *   requestContext: { headers: ['x-plan'] },
 * });
 */
export type FlagshipModuleOptions = FlagshipProviderOptions & FlagshipModuleSettings;

/** Options that are given beside the module's options, not by its factory. */
export interface FlagshipModuleExtras {
  /**
   * Whether the module's providers are visible in every module of the application, without an import.
   * @default true
   * @example false
   */
  readonly isGlobal?: boolean | undefined;
}

/**
 * The interface of a class that is given as `useClass` or `useExisting`.
 *
 * @example
 * class FlagshipConfig implements FlagshipOptionsFactory {
 *   createFlagshipOptions(): AsyncModuleOptions {
 *     return { definitions: './flags.json' };
 *   }
 * }
 */
export interface FlagshipOptionsFactory {
  /** Returns the module's options. Nest calls it once, at start; what it throws fails the start. */
  createFlagshipOptions(): AsyncModuleOptions | Promise<AsyncModuleOptions>;
}

/** The options that an asynchronous factory returns: all but `domain`, which Nest must know before the factory runs. */
export type AsyncModuleOptions = Omit<FlagshipModuleOptions, 'domain'>;

/**
 * The options of `FlagshipModule.forRootAsync`: exactly one of `useFactory`, `useClass` and `useExisting`.
 *
 * @example
 * FlagshipModule.forRootAsync({
 *   imports: [ConfigModule],
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ appId: 'shop', authToken: config.get('FLAGSHIP_TOKEN') }),
 * });
 */
export interface FlagshipModuleAsyncOptions extends FlagshipModuleExtras {
  /**
   * Modules that export the providers which `inject` or `useExisting` names.
   * @default none
   * @example [ConfigModule]
   */
  readonly imports?: ModuleMetadata['imports'] | undefined;

  /**
   * OpenFeature domain under which the provider is registered; see {@link FlagshipModuleSettings.domain}.
   * @default none
   * @example 'search'
   */
  readonly domain?: FlagDomain | undefined;

  /**
   * Injection tokens of the values that `useFactory` is called with.
   * @default none
   * @example [ConfigService]
   */
  readonly inject?: never[] | unknown[] | undefined;

  /**
   * Returns the module's options, or a promise of them.
   * @default none
   * @example (config: ConfigService) => ({ definitions: config.get('FLAGS_FILE') })
   */
  readonly useFactory?:
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- TypeScript cannot see the types of what is injected
    ((...injected: any[]) => AsyncModuleOptions | Promise<AsyncModuleOptions>) | undefined;

  /**
   * A class that Nest instantiates, and whose `createFlagshipOptions()` returns the module's options.
   * @default none
   * @example FlagshipConfig
   */
  readonly useClass?: Type<FlagshipOptionsFactory> | undefined;

  /**
   * A provider of `imports`, whose `createFlagshipOptions()` returns the module's options.
   * @default none
   * @example FlagshipConfig
   */
  readonly useExisting?: Type<FlagshipOptionsFactory> | undefined;
}

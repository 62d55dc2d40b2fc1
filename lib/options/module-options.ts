import { type ModuleMetadata, type Type } from '@nestjs/common';
import { type ContextFactory } from '@openfeature/nestjs-sdk';
import {
  type EvaluationContext,
  type EventHandler,
  type Hook,
  type Provider,
  type ProviderEvents,
} from '@openfeature/server-sdk';
import { type FlagshipProviderOptions } from './provider-options';

/**
 * How the request's context reaches code that is called from a handler. `'interceptor'`: a global interceptor opens a
 * scope around every handler. `'middleware'`: the scope of an HTTP request is opened before its guards and holds until
 * after its exception filters, at less cost; other transports keep the interceptor. `'none'`: guard and parameter
 * decorators only, for the cheapest requests.
 */
export type Propagation = 'interceptor' | 'middleware' | 'none';

/** What of a request goes into its evaluation context. Nothing that is not named here is sent. */
export interface RequestContextOptions {
  /**
   * Where the targeting key comes from: a header's name, or a function of the request. The function is called once for a
   * request and its `user`, and again only while it gives nothing. Numbers become text, and so do objects with a `toJSON`
   * or `toString` of their own, as MongoDB's `ObjectId`. What can be no id, a promise among it, is left out and logged once.
   *
   * For GraphQL the request is the HTTP request; for its subscriptions and for WebSockets the one that opened the
   * connection; for microservices the message's context (`TcpContext`, `NatsContext`, …). By default the user is also
   * looked for where those transports keep it: `user` of the GraphQL context, `user` or `data.user` of the WebSocket
   * client, `user` that a guard has left on the message's context.
   * @default `request.user.id`, then `request.user.sub`, then `request.user._id`
   * @example 'x-user-id'
   * @example (request) => (request as { session?: { userId?: string } }).session?.userId
   */
  readonly userId?: string | ((request: unknown) => unknown);

  /**
   * Headers to copy: names (the attribute is called as written here), or header → attribute. Case does not matter for
   * the look-up. Messages of microservices have headers with NATS, Kafka, RabbitMQ, MQTT 5 and gRPC. `authorization`, `proxy-authorization`, `cookie` and `set-cookie` are refused.
   * @default none
   * @example ['x-plan']
   * @example { 'cf-ipcountry': 'country' }
   */
  readonly headers?: readonly string[] | Readonly<Record<string, string>>;
}

/** An event of the provider, and what to call on it. */
export type ProviderEventHandler = readonly [event: ProviderEvents, handler: EventHandler];

/** What the module adds to the provider's options. */
export interface FlagshipModuleSettings {
  /**
   * OpenFeature domain to register the provider under, for a second Flagship app. With `forRootAsync` it stands beside
   * `useFactory`.
   * @default the default domain
   */
  readonly domain?: string;

  /**
   * Any other OpenFeature provider, in place of Flagship's. Not together with provider options. The start of the
   * application waits for it for 30 seconds at the most; later it may still become ready.
   */
  readonly provider?: Provider;

  /**
   * Attributes of every evaluation. A request's own attributes, and those given with a call, win over them.
   * @default {}
   * @example { service: 'shop', region: 'eu' }
   */
  readonly context?: EvaluationContext;

  /** What of a request goes into its evaluation context. */
  readonly requestContext?: RequestContextOptions;

  /**
   * Attributes made from Nest's execution context; they win over everything else of the request. May be asynchronous.
   * Called once for a request and its `user`, when a flag is first asked. When it fails, gives no object, or takes longer
   * than {@link contextTimeout}, the request goes on without them, and each kind of failure is logged once.
   */
  readonly contextFactory?: ContextFactory;

  /**
   * The longest wait for an asynchronous `contextFactory`, or for the function of `@WithFlagContext`, in milliseconds: 1
   * to 2,147,483,647. Every flag of the request waits that long when the factory hangs, so the default is one second:
   * long enough for a slow look-up of a user, short enough for a route that a load balancer checks.
   * @default 1000
   * @example 250
   */
  readonly contextTimeout?: number;

  /**
   * How the request's context reaches the code that a handler calls.
   * @default 'interceptor'
   */
  readonly propagation?: Propagation;

  /**
   * OpenFeature hooks for every evaluation through `FlagService`, the decorators and the injected client. One that fails
   * changes no answer: the evaluation goes on without it, and the failure is logged.
   * @default []
   */
  readonly hooks?: readonly Hook[];

  /**
   * How long one hook of `hooks` may take in each of its stages, in milliseconds; from 1. An evaluation that has waited
   * so long goes on without that hook.
   * @default 1000
   * @example 200
   */
  readonly hookTimeout?: number;

  /**
   * Longest time in milliseconds that an evaluation takes where hooks run, or where `provider` is set; from 1. After it
   * the default is answered, with the error code `GENERAL`. Flagship's own provider without hooks keeps its `deadline`.
   * @default 10000, or `deadline` + 1000 where that is longer
   * @example 2000
   */
  readonly evaluationTimeout?: number;

  /**
   * What to call on the provider's events: ready, stale, error, configuration changed. Removed when the application
   * closes. Called outside of any request; one that throws or rejects changes nothing and is logged once.
   * @default []
   * @example [[ProviderEvents.Stale, ({ message }) => alert(message)]]
   */
  readonly handlers?: readonly ProviderEventHandler[];

  /**
   * Log at start which flags the code names in decorators, and where.
   * @default false
   */
  readonly listUsage?: boolean;
}

/**
 * What `FlagshipModule.forRoot` takes: the provider's options and the module's.
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

/** Decides whether the module's providers are visible without importing it. */
export interface FlagshipModuleExtras {
  /**
   * Visible in every module of the application.
   * @default true
   */
  readonly isGlobal?: boolean;
}

/** Implemented by the class given as `useClass` or `useExisting`. */
export interface FlagshipOptionsFactory {
  createFlagshipOptions(): AsyncModuleOptions | Promise<AsyncModuleOptions>;
}

/** What an asynchronous factory returns: everything but what must be known beforehand. */
export type AsyncModuleOptions = Omit<FlagshipModuleOptions, 'domain'>;

/** What `FlagshipModule.forRootAsync` takes: one of `useFactory`, `useClass` and `useExisting`. */
export interface FlagshipModuleAsyncOptions extends FlagshipModuleExtras, Pick<ModuleMetadata, 'imports'> {
  /** See {@link FlagshipModuleSettings.domain}. */
  readonly domain?: string;
  /** What the factory is called with. */
  readonly inject?: never[] | unknown[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- typed by what is injected, which TypeScript cannot see
  readonly useFactory?: (...injected: any[]) => AsyncModuleOptions | Promise<AsyncModuleOptions>;
  readonly useClass?: Type<FlagshipOptionsFactory>;
  readonly useExisting?: Type<FlagshipOptionsFactory>;
}

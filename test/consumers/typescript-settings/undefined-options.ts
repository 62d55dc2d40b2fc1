import { type ExecutionContext, Module } from '@nestjs/common';
import { FeatureFlag, FlagshipModule, FlagshipServerProvider, FlagValue, LoggingHook } from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';
import { type FlagshipHealthIndicator } from 'nestjs-flagship/terminus';
import { FlagshipTestingModule } from 'nestjs-flagship/testing';

const setting = (name: string): string | undefined => process.env[name];
const enabled = (name: string): true | undefined => (setting(name) === undefined ? undefined : true);
const milliseconds = (name: string): number | undefined => Number(setting(name)) || undefined;

/** What is not set is undefined, with every kind of options. */
export const modules = [
  FlagshipModule.forRoot({
    appId: setting('APP'),
    accountId: setting('ACCOUNT'),
    headers: undefined,
    timeout: milliseconds('TIMEOUT'),
    circuitBreaker: { threshold: undefined, halfOpenAfter: milliseconds('COOLDOWN') },
    localEvaluation: enabled('LOCAL'),
    definitions: undefined,
    domain: setting('DOMAIN'),
    hooks: undefined,
    requestContext: { userId: setting('USER_HEADER'), headers: undefined },
    isGlobal: enabled('GLOBAL'),
  }),
  FlagshipModule.forRootAsync({
    imports: undefined,
    inject: undefined,
    useFactory: () => ({ appId: setting('APP'), accountId: setting('ACCOUNT'), cacheStore: undefined }),
    domain: setting('DOMAIN'),
  }),
  FlagshipTestingModule.forRoot({}, { requestContext: undefined, isGlobal: enabled('GLOBAL') }),
];

@Module({ imports: modules })
export class UndefinedOptionsModule {
  @FeatureFlag('new-checkout', { not: enabled('NOT'), bypass: undefined, otherwise: undefined })
  guarded(
    @FlagValue('home-page', 'classic', { domain: setting('DOMAIN') }) page: string,
    context: ExecutionContext,
  ) {
    return [page, context];
  }
}

export const provider = () =>
  new FlagshipServerProvider({ endpoint: setting('ENDPOINT'), retries: milliseconds('RETRIES') });
export const hook = () => new LoggingHook({ logger: undefined, context: enabled('LOG_CONTEXT') });
export const flagship = (): Promise<LocalFlagship> =>
  startLocalFlagship({
    flags: {},
    port: milliseconds('PORT'),
    authToken: setting('TOKEN'),
    report: undefined,
  });
export const health = (indicator: FlagshipHealthIndicator) =>
  indicator.check('flags', { maxAge: milliseconds('MAX_AGE'), downWhen: undefined });

import { AsyncLocalStorage } from 'node:async_hooks';
import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { OpenFeatureModule, RequireFlagsEnabled } from '@openfeature/nestjs-sdk';
import { FeatureFlag, FlagshipModule } from 'nestjs-flagship';

const CACHE_TTL = 3_600_000;

/** What the benchmarked route has around it. Each is made from the local Flagship's address. */
export const variants = {
  bare: () => ({}),

  noopInterceptor: () => ({ interceptor: { intercept: (_, next) => next.handle() } }),

  /** The least that any propagation through an interceptor can cost. */
  storageInterceptor: () => {
    const storage = new AsyncLocalStorage();
    return { interceptor: { intercept: (_, next) => storage.run({}, () => next.handle()) } };
  },

  guardedNone: (flagship) => ({
    imports: [ours(flagship, 'none')],
    guard: FeatureFlag('new-checkout'),
  }),

  interceptor: (flagship) => ({ imports: [ours(flagship, 'interceptor')] }),

  guardedInterceptor: (flagship) => ({
    imports: [ours(flagship, 'interceptor')],
    guard: FeatureFlag('new-checkout'),
  }),

  peer: (flagship) => ({
    imports: [
      OpenFeatureModule.forRoot({
        defaultProvider: new VendorProvider({ ...flagship, cacheTtl: CACHE_TTL }),
        contextFactory: (context) => {
          const { headers } = context.switchToHttp().getRequest();
          return { targetingKey: headers['x-user-id'], plan: headers['x-plan'] };
        },
      }),
    ],
    guard: RequireFlagsEnabled({ flags: [{ flagKey: 'new-checkout' }] }),
  }),
};

function ours(flagship, propagation) {
  return FlagshipModule.forRoot({
    ...flagship,
    cacheTtl: CACHE_TTL,
    propagation,
    requestContext: { userId: 'x-user-id', headers: { 'x-plan': 'plan' } },
  });
}

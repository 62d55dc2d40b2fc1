import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { FeatureFlag, FlagshipModule } from 'nestjs-flagship';

// Where this package finds it: it refuses to be installed beside Nest 12 by itself.
const ofPackage = createRequire(createRequire(import.meta.url).resolve('nestjs-flagship'));
const { OpenFeatureModule, RequireFlagsEnabled } = ofPackage('@openfeature/nestjs-sdk');

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

  none: (flagship) => ({ imports: [ours(flagship, 'none')] }),
  guardedNone: (flagship) => guarded(ours(flagship, 'none')),

  middleware: (flagship) => ({ imports: [ours(flagship, 'middleware')] }),
  guardedMiddleware: (flagship) => guarded(ours(flagship, 'middleware')),

  interceptor: (flagship) => ({ imports: [ours(flagship, 'interceptor')] }),
  guardedInterceptor: (flagship) => guarded(ours(flagship, 'interceptor')),

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

function guarded(module) {
  return { imports: [module], guard: FeatureFlag('new-checkout') };
}

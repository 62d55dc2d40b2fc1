export { FlagshipContextInterceptor } from './flagship-context.interceptor';
export { FlagshipContextMiddleware } from './flagship-context.middleware';
export { ensurePropagation } from './openfeature-propagator';
export { Propagation, propagationProviders } from './propagation';

export { FlagshipContextInterceptor } from './flagship-context.interceptor';
export { FlagshipContextMiddleware } from './flagship-context.middleware';
export { ensurePropagation } from './openfeature-propagator';
export { PropagationSetup, propagationProviders } from './propagation-setup';

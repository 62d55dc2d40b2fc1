import '@openfeature/core';

// OpenFeature's own way. It has no effect, and the compiler is silent, where the application cannot resolve this package.
declare module '@openfeature/core' {
  export type NumberFlagKey = 'limit';
}

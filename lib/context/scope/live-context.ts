import { type EvaluationContext } from '@openfeature/server-sdk';

/**
 * Returns a read-only context whose reads return the attributes that the scope has at the time of the read. A propagator
 * which the application has set keeps the object that it received when the request came in, before authentication.
 */
export function liveContext(scope: { readonly context: EvaluationContext }): EvaluationContext {
  return new Proxy<EvaluationContext>(
    {},
    {
      get: (_, name) => Reflect.get(scope.context, name) as never,
      has: (_, name) => Reflect.has(scope.context, name),
      ownKeys: () => Reflect.ownKeys(scope.context),
      getOwnPropertyDescriptor: (_, name) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(scope.context, name);
        // The engine throws if a proxy reports a property as non-configurable that its target does not have.
        return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
      },
      set: () => false,
      defineProperty: () => false,
      deleteProperty: () => false,
    },
  );
}

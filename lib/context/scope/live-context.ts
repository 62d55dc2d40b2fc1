import { type EvaluationContext } from '@openfeature/server-sdk';

/**
 * Makes a context that has, whenever it is read, the attributes that the scope has at that time. A propagator of the
 * application's keeps the object that it was given when the request came in, when its user was not known yet.
 */
export function liveContext(scope: { readonly context: EvaluationContext }): EvaluationContext {
  return new Proxy<EvaluationContext>(
    {},
    {
      get: (_, name) => Reflect.get(scope.context, name) as never,
      has: (_, name) => Reflect.has(scope.context, name),
      ownKeys: () => Reflect.ownKeys(scope.context),
      getOwnPropertyDescriptor: (_, name) => {
        const found = Reflect.getOwnPropertyDescriptor(scope.context, name);
        // A proxy may not show properties as fixed that its target has not.
        return found === undefined ? undefined : { ...found, configurable: true };
      },
      set: () => false,
      defineProperty: () => false,
      deleteProperty: () => false,
    },
  );
}

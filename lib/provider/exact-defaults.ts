const exactProviders = new WeakSet<object>();

/**
 * Notes that a provider applies the default exactly where it answers an error code or the reason `DISABLED`. Reasons are
 * an open vocabulary: of any other provider's answer, the reason says nothing.
 */
export function markExactDefaults(provider: object): void {
  exactProviders.add(provider);
}

/** Whether error codes and the reason `DISABLED` say for sure where this provider has applied the default. */
export function hasExactDefaults(provider: object): boolean {
  return exactProviders.has(provider);
}

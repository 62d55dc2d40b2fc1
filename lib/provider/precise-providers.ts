const precise = new WeakSet<object>();

/**
 * Notes that a provider applies the default exactly where it answers an error code or the reason `DISABLED`. Reasons are
 * an open vocabulary: of any other provider's answer, the reason says nothing.
 */
export function markPrecise(provider: object): void {
  precise.add(provider);
}

/** Whether error codes and the reason `DISABLED` say for sure where this provider has applied the default. */
export function isPrecise(provider: object): boolean {
  return precise.has(provider);
}

const exactProviders = new WeakSet<object>();

/**
 * Marks a provider as returning the default value exactly in resolutions with an error code or the reason `DISABLED`.
 * OpenFeature leaves reasons open, so the reason of another provider's resolution proves nothing.
 */
export function markReportsDefaults(provider: object): void {
  exactProviders.add(provider);
}

/** Whether the error code and the reason of this provider's resolutions show where it returned the default value. */
export function reportsDefaults(provider: object): boolean {
  return exactProviders.has(provider);
}

/**
 * Returns the injection token of an OpenFeature client, by which `@OpenFeatureClient()` of `@openfeature/nestjs-sdk`
 * injects it. The package is not needed for that, so that an application without its decorators need not install it, and
 * its peer range, which ends at Nest 11, does not concern applications with Nest 12.
 *
 * The texts are those of `getOpenFeatureClientToken`, which documents none. Checked with `@openfeature/nestjs-sdk`
 * 0.2.5. If they change, Nest finds no client for `@OpenFeatureClient()` and the start fails.
 */
export function openFeatureClientToken(domain?: string): string {
  return `OpenFeatureClient_${domain ?? 'default'}`;
}

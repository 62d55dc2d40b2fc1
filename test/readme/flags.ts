import { type Definitions } from 'nestjs-flagship';

type Definition = Definitions['flags'][string] & { readonly key: string };

/** Returns a rule that serves a variation to contexts with this attribute. */
export function rule(attribute: string, value: string, serve_variation = 'on') {
  return { conditions: [{ attribute, operator: 'equals', value } as const], serve_variation };
}

/** Returns a boolean flag that is on for contexts with this attribute, and off for others. */
export function onFor(key: string, attribute: string, value: string) {
  return {
    key,
    enabled: true,
    variations: { on: true, off: false },
    default_variation: 'off',
    rules: [rule(attribute, value)],
  } satisfies Partial<Definition>;
}

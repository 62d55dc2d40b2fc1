import { type FlagKey, type FlagValueFor, type Rule } from '../options';

/** A flag with rules, as Flagship's definitions write it; the key stands before it already. */
export interface TestFlagDefinition<Value = FlagValueFor<string>> {
  readonly key?: string;
  readonly enabled: boolean;
  readonly default_variation: string;
  /** Variation name → value; all values are of one type. */
  readonly variations: Readonly<Record<string, Value>>;
  readonly rules: readonly Rule[];
}

/**
 * What a test gives a flag: the value itself, or a definition with rules. Of the type the flag has, where the
 * application has declared it.
 */
export type TestFlagValue<Key = FlagKey> = FlagValueFor<Key> | TestFlagDefinition<FlagValueFor<Key>>;

/**
 * Flags by key, as a test gives them.
 *
 * @example
 * const flags: TestFlagValues = { 'new-checkout': true, 'upload-limit': 20, look: { accent: 'teal' } };
 */
export type TestFlagValues = { readonly [Key in FlagKey]?: TestFlagValue<Key> };

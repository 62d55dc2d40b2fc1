import { type AnyFlagKey, type FlagMetadata, type FlagValueFor, type Rule } from '../options';

/** A flag with rules, in the format of Flagship's definitions. */
export interface TestFlagDefinition<Value = FlagValueFor<string>> {
  /** The flag's key; optional, because the flags are listed by key. */
  readonly key?: string | undefined;
  /** Whether the flag is on; evaluations of a flag that is off resolve with the default and the reason `DISABLED`. */
  readonly enabled: boolean;
  /** The variation that applies if no rule matches. */
  readonly default_variation: string;
  /** The values by variation name; all are of one type. */
  readonly variations: Readonly<Record<string, Value>>;
  /** The rules, in the order of their evaluation, unless they have a `priority`; a flag without rules has none. */
  readonly rules?: readonly Rule[] | null | undefined;
  /** What the flag is for. Evaluations ignore it. */
  readonly description?: string | undefined;
  /** Entries that come with every answer of the flag, as OpenFeature's `flagMetadata`. */
  readonly metadata?: FlagMetadata | undefined;
}

/**
 * A test's flag: a value, or a definition with rules. If the application has declared the flag's type, the value must
 * have that type.
 */
export type TestFlagValue<Key = AnyFlagKey> = FlagValueFor<Key> | TestFlagDefinition<FlagValueFor<Key>>;

/**
 * A test's flags by key, those of all modules: a test's flags serve each of them.
 *
 * @example
 * const flags: TestFlagValues = { 'new-checkout': true, 'upload-limit': 20, look: { accent: 'teal' } };
 */
export type TestFlagValues = { readonly [Key in AnyFlagKey]?: TestFlagValue<Key> };

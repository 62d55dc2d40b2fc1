import { type JsonValue } from './json-value';

/** The operators a condition can use. An operator that is not listed never holds. */
export type ConditionOperator =
  | 'equals'
  | 'not_equals'
  | 'contains'
  | 'starts_with'
  | 'ends_with'
  | 'greater_than'
  | 'less_than'
  | 'greater_than_or_equals'
  | 'less_than_or_equals'
  | 'in'
  | 'not_in'
  | 'has'
  | 'not_has';

/** Compares one attribute of the evaluation context with a value. A missing attribute never holds. */
export interface AttributeCondition {
  /** The attribute's name; `user.plan` is looked up literally first, then as a path of at most five names. */
  readonly attribute: string;
  readonly operator: ConditionOperator;
  readonly value: JsonValue;
}

/** Several conditions as one. */
export interface LogicalCondition {
  readonly logical_operator: 'AND' | 'OR';
  readonly clauses: readonly Condition[];
}

export type Condition = AttributeCondition | LogicalCondition;

/** Serves a rule to a share of the subjects: the same subject always falls on the same side. */
export interface Rollout {
  /** 0 to 100, fractions allowed. */
  readonly percentage: number;
  /**
   * The attribute that decides which bucket a subject falls into.
   * @default 'targetingKey'
   */
  readonly attribute?: string;
}

/** Serves a variation when all conditions hold; rules are tried in order and the first match wins. */
export interface Rule {
  readonly conditions: readonly Condition[];
  readonly serve_variation: string;
  readonly rollout?: Rollout;
}

/** One flag as Flagship's definitions answer writes it. */
export interface FlagDefinition {
  readonly key: string;
  readonly enabled: boolean;
  readonly default_variation: string;
  /** Variation name → value; all values are of one type. */
  readonly variations: Readonly<Record<string, JsonValue>>;
  readonly rules: readonly Rule[];
}

/**
 * Every flag of an app.
 *
 * @example
 * const definitions: Definitions = {
 *   flags: {
 *     'new-checkout': {
 *       key: 'new-checkout',
 *       enabled: true,
 *       default_variation: 'off',
 *       variations: { on: true, off: false },
 *       rules: [{ conditions: [{ attribute: 'plan', operator: 'equals', value: 'pro' }], serve_variation: 'on' }],
 *     },
 *   },
 * };
 */
export interface Definitions {
  readonly flags: Readonly<Record<string, FlagDefinition>>;
}

/**
 * What a flags file, or the object in its place, may hold: flags by key, each a definition or a bare value
 * (a flag with no rules), either directly or under `flags`.
 *
 * @example
 * const flags: FlagsInput = { 'new-checkout': true, 'upload-limit': 20 };
 */
export type FlagsInput =
  | { readonly flags: Readonly<Record<string, FlagDefinition | JsonValue>> }
  | Readonly<Record<string, FlagDefinition | JsonValue>>;

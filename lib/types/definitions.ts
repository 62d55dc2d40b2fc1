import { type JsonValue } from './json-value';

/** The operators of a condition. A condition with another operator never holds. */
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
  /** Name of the attribute. `user.plan` is looked up literally first, then as a path of at most five names. */
  readonly attribute: string;
  /** How the attribute is compared with the value. */
  readonly operator: ConditionOperator;
  /** What the attribute is compared with. */
  readonly value: JsonValue;
}

/** Conditions combined into one. */
export interface LogicalCondition {
  /** `AND` holds when all clauses hold, `OR` when at least one does. */
  readonly logical_operator: 'AND' | 'OR';
  /** The combined conditions, which can be logical ones themselves. */
  readonly clauses: readonly Condition[];
}

/** A condition of a rule. */
export type Condition = AttributeCondition | LogicalCondition;

/** Limits a rule to a share of the subjects. The same subject always gets the same result. */
export interface Rollout {
  /** Share of the subjects in percent, 0 to 100; fractions are allowed. */
  readonly percentage: number;
  /**
   * Name of the attribute that identifies the subject.
   * @default 'targetingKey'
   * @example 'companyId'
   */
  readonly attribute?: string | undefined;
}

/** Serves a variation when all conditions hold. Rules are evaluated in order, and the first match wins. */
export interface Rule {
  /**
   * Place among the flag's rules, as Flagship's management API gives it: lower ones are evaluated first, those of one
   * priority in the order of the list.
   * @default 0
   * @example 1
   */
  readonly priority?: number | null | undefined;
  /** Conditions that must all hold; an empty list always holds. */
  readonly conditions: readonly Condition[];
  /** Name of the variation that is served. */
  readonly serve_variation: string;
  /** The share of the subjects for which the rule matches; all of them without it. */
  readonly rollout?: Rollout | undefined;
}

/**
 * The metadata of a flag, for people and tools: who owns it, when it may go. At most 32 entries and 2,048 bytes as JSON.
 * A name has 1 to 64 characters and is not `__proto__`, `constructor` or `prototype`; numbers are finite.
 *
 * @example
 * const metadata: FlagMetadata = { owner: 'checkout-team', expires: '2027-03-31' };
 */
export type FlagMetadata = Readonly<Record<string, string | number | boolean>>;

/** The definition of a flag, in the format of Flagship's definitions. */
export interface FlagDefinition {
  /** Key of the flag. */
  readonly key: string;
  /** Whether the rules apply. A disabled flag serves its default variation with the reason `DISABLED`. */
  readonly enabled: boolean;
  /** Name of the variation that is served when no rule matches. */
  readonly default_variation: string;
  /** Variation name → value. All values have one type. */
  readonly variations: Readonly<Record<string, JsonValue>>;
  /** Rules in the order of their evaluation, unless they have a `priority`; a flag without rules has none. */
  readonly rules?: readonly Rule[] | null | undefined;
  /** What the flag is for. Evaluations ignore it. */
  readonly description?: string | undefined;
  /** Entries that come with every answer of the flag, as OpenFeature's `flagMetadata`. */
  readonly metadata?: FlagMetadata | undefined;
  /** The type of the variations, where Flagship names it. Evaluations ignore it. */
  readonly type?: 'boolean' | 'string' | 'number' | 'json' | undefined;
  /** When the flag was last changed, where Flagship says so. Evaluations ignore it. */
  readonly updated_at?: string | undefined;
  /** Who last changed the flag, where Flagship says so. Evaluations ignore it. */
  readonly updated_by?: string | undefined;
}

/**
 * The definitions of all flags of an app.
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
  /** Definitions by flag key. */
  readonly flags: Readonly<Record<string, FlagDefinition>>;
}

/**
 * A list of flags, each with its key, as Flagship's management API and `wrangler` print them.
 *
 * @example
 * const flags: FlagList = await client.flagship.apps.flags.list(appId, { account_id }).then(({ result }) => result);
 */
export type FlagList = readonly (FlagDefinition | Readonly<Record<string, JsonValue>>)[];

/**
 * The content of a flags file, or an object in its place: flags by key, either directly or under `flags`. Each flag is
 * a definition, or a bare value, which is a flag without rules. Or a list of definitions, bare or under `flags`, `items`
 * or `result`.
 *
 * @example
 * const flags: FlagsInput = { 'new-checkout': true, 'upload-limit': 20 };
 */
export type FlagsInput =
  | FlagList
  | { readonly flags: FlagList }
  | { readonly items: FlagList }
  | { readonly result: FlagList | Definitions }
  | { readonly flags: Readonly<Record<string, FlagDefinition | JsonValue>> }
  | Readonly<Record<string, FlagDefinition | JsonValue>>;

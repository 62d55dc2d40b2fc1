/** The same flags in the format of each engine: `rules` rules of two conditions, the last one a 25 % rollout if asked. */

const OURS = {
  flag: (key, rules, rollout) => ({
    key,
    enabled: true,
    default_variation: 'off',
    variations: { on: true, off: false },
    rules: rules.map(({ plan, countries }, index) => ({
      conditions: [
        { attribute: 'plan', operator: 'equals', value: plan },
        { attribute: 'country', operator: 'in', value: countries },
      ],
      serve_variation: 'on',
      ...(rollout && index === rules.length - 1 ? { rollout: { percentage: 25 } } : {}),
    })),
  }),
  set: (flags) => ({ flags }),
};

const FLAGD = {
  flag: (key, rules, rollout) => ({
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: rules.reduceRight((otherwise, { plan, countries }, index) => {
      const share = { fractional: [{ var: 'targetingKey' }, ['on', 25], ['off', 75]] };
      const served = rollout && index === rules.length - 1 ? share : 'on';
      return {
        if: [
          { and: [{ '==': [{ var: 'plan' }, plan] }, { in: [{ var: 'country' }, countries] }] },
          served,
          otherwise,
        ],
      };
    }, 'off'),
  }),
  set: (flags) => ({ flags }),
};

const GROWTHBOOK = {
  flag: (key, rules, rollout) => ({
    defaultValue: false,
    rules: rules.map(({ plan, countries }, index) => ({
      condition: { plan, country: { $in: countries } },
      force: true,
      ...(rollout && index === rules.length - 1 ? { coverage: 0.25, hashAttribute: 'id' } : {}),
    })),
  }),
  set: (features) => ({ features }),
};

const LAUNCHDARKLY = {
  flag: (key, rules, rollout) => ({
    key,
    version: 1,
    on: true,
    variations: [true, false],
    offVariation: 1,
    fallthrough: { variation: 1 },
    salt: 'salt',
    rules: rules.map(({ plan, countries }, index) => ({
      id: `${key}-${index}`,
      clauses: [
        { contextKind: 'user', attribute: 'plan', op: 'in', values: [plan] },
        { contextKind: 'user', attribute: 'country', op: 'in', values: countries },
      ],
      ...(rollout && index === rules.length - 1
        ? {
            rollout: {
              variations: [
                { variation: 0, weight: 25_000 },
                { variation: 1, weight: 75_000 },
              ],
            },
          }
        : { variation: 0 }),
    })),
  }),
  set: (flags) => flags,
};

export const formats = { OURS, FLAGD, GROWTHBOOK, LAUNCHDARKLY };

/** The flags of the evaluation table: one rule, a 25 % rollout behind one rule, no rule. */
export function threeFlags({ flag, set }) {
  const rule = [{ plan: 'pro', countries: ['DE', 'FR', 'US'] }];
  return set({
    'one-rule': flag('one-rule', rule, false),
    rollout: flag('rollout', rule, true),
    'no-rule': flag('no-rule', [], false),
  });
}

/** `count` flags of `rules` rules that all look elsewhere before the last one; as many attributes as `width`. */
export function manyFlags({ flag, set }, count, rules = 3) {
  const entries = Array.from({ length: count }, (_, index) => {
    const key = `flag-${index}`;
    const list = Array.from({ length: rules }, (__, rule) => ({
      plan: rule === rules - 1 ? 'pro' : `plan-${index}-${rule}`,
      countries: ['DE', 'FR', `C${index % 200}`],
    }));
    return [key, flag(key, list, true)];
  });
  return set(Object.fromEntries(entries));
}

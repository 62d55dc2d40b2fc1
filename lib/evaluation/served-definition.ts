import { isJsonObject, MalformedFlag } from './malformed-flag';

/**
 * Returns a definition as Flagship's definitions endpoint serves it: with its rules in the order of their evaluation and
 * without `priority`, because clients need not know it. A definition whose rules cannot be sorted is returned as it is.
 */
export function servedDefinition(definition: unknown): unknown {
  if (!isJsonObject(definition) || definition instanceof MalformedFlag) return definition;
  const { rules = null } = definition;
  if (rules === null) return { ...definition, rules: [] };
  if (!Array.isArray(rules) || !rules.every(isJsonObject)) return definition;
  if (rules.every((rule) => !Object.hasOwn(rule, 'priority'))) return definition;
  const priorities = rules.map(({ priority }) => priority ?? 0);
  if (!priorities.every(Number.isFinite)) return definition;
  const sorted = rules
    .map(({ priority, ...rule }) => ({ rule, order: (priority ?? 0) as number }))
    .sort((one, other) => one.order - other.order);
  return { ...definition, rules: sorted.map(({ rule }) => rule) };
}

import { type JsonValue } from '../options/json-value';
import { type Attributes } from './attribute';
import { allOf, compileConditions, type Predicate } from './condition';
import {
  expectArray,
  expectBoolean,
  expectObject,
  expectString,
  type JsonObject,
  MalformedFlag,
} from './malformed-flag';
import { compileRollout, rolloutSeed } from './rollout';

export type AnswerReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT' | 'DISABLED';

/** What a flag says to a context. Shared between evaluations: never changed once made. */
export interface FlagAnswer {
  readonly value: JsonValue;
  readonly variant: string;
  readonly reason: AnswerReason;
}

/** A flag ready to be asked. Throws `PARSE_ERROR` when what it would serve does not exist. */
export type CompiledFlag = (context: Attributes) => FlagAnswer;

interface CompiledRule {
  readonly matches: Predicate;
  readonly serve: () => FlagAnswer;
}

function server(variations: JsonObject, name: unknown, path: string, reason: AnswerReason): () => FlagAnswer {
  const variant = expectString(name, path);
  if (!Object.hasOwn(variations, variant)) {
    // Served, not compiled, is when this matters: rules before and after it still work.
    const error = new MalformedFlag(path, `names the variation "${variant}", which is not in "variations"`);
    return () => {
      throw error;
    };
  }
  const answer = Object.freeze({ value: variations[variant] as JsonValue, variant, reason });
  return () => answer;
}

function compileRule(item: unknown, path: string, variations: JsonObject, seed: () => number): CompiledRule {
  const rule = expectObject(item, path);
  const conditions = compileConditions(rule.conditions, `${path}.conditions`);
  const rollout =
    rule.rollout === undefined || rule.rollout === null
      ? undefined
      : compileRollout(rule.rollout, `${path}.rollout`, seed);
  return {
    matches: allOf(rollout ? [...conditions, rollout.admits] : conditions),
    serve: server(
      variations,
      rule.serve_variation,
      `${path}.serve_variation`,
      rollout?.isSplit ? 'SPLIT' : 'TARGETING_MATCH',
    ),
  };
}

/**
 * Turns a flag's definition into a function from context to answer.
 *
 * @throws MalformedFlag when the definition does not have the documented shape.
 */
export function compileFlag(flagKey: string, definition: unknown, accountId: string): CompiledFlag {
  const flag = expectObject(definition, flagKey);
  const variations = expectObject(flag.variations, `${flagKey}.variations`);
  const rules = expectArray(flag.rules, `${flagKey}.rules`);
  const enabled = expectBoolean(flag.enabled, `${flagKey}.enabled`);
  const fallBack = (reason: AnswerReason) =>
    server(variations, flag.default_variation, `${flagKey}.default_variation`, reason);
  if (!enabled) return fallBack('DISABLED');
  if (rules.length === 0) return fallBack('STATIC');

  let known: number | undefined;
  const seedKey = typeof flag.key === 'string' ? flag.key : flagKey;
  const seed = () => (known ??= rolloutSeed(accountId, seedKey));
  const compiled = rules.map((rule, index) =>
    compileRule(rule, `${flagKey}.rules[${index}]`, variations, seed),
  );
  const serveDefault = fallBack('DEFAULT');
  return (context) => {
    for (const rule of compiled) if (rule.matches(context)) return rule.serve();
    return serveDefault();
  };
}

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

/** What the parts of one flag have in common while it is compiled. */
interface Frame {
  readonly variations: JsonObject;
  readonly seed: () => number;
  /** Told about what can be compiled, but not served. */
  readonly report: (problem: MalformedFlag) => void;
}

function server(frame: Frame, name: unknown, path: string, reason: AnswerReason): () => FlagAnswer {
  const { variations } = frame;
  const variant = expectString(name, path);
  if (!Object.hasOwn(variations, variant)) {
    // Served, not compiled, is when this matters: rules before and after it still work.
    const error = new MalformedFlag(path, `names the variation "${variant}", which is not in "variations"`);
    frame.report(error);
    return () => {
      throw error;
    };
  }
  const answer: FlagAnswer = { value: variations[variant] as JsonValue, variant, reason };
  return () => answer;
}

function compileRule(item: unknown, path: string, frame: Frame): CompiledRule {
  const rule = expectObject(item, path);
  const conditions = compileConditions(rule.conditions, `${path}.conditions`);
  const rollout =
    rule.rollout === undefined || rule.rollout === null
      ? undefined
      : compileRollout(rule.rollout, `${path}.rollout`, frame.seed);
  const reason = rollout?.isSplit === true ? 'SPLIT' : 'TARGETING_MATCH';
  return {
    matches: allOf(rollout ? [...conditions, rollout.admits] : conditions),
    serve: server(frame, rule.serve_variation, `${path}.serve_variation`, reason),
  };
}

/**
 * Turns a flag's definition into a function from context to answer.
 *
 * @param report Told about variations that are served but do not exist; the flag answers `PARSE_ERROR` there.
 * @throws MalformedFlag when the definition does not have the documented shape.
 */
export function compileFlag(
  flagKey: string,
  definition: unknown,
  accountId: string,
  report: (problem: MalformedFlag) => void = () => undefined,
): CompiledFlag {
  const flag = expectObject(definition, flagKey);
  const variations = expectObject(flag.variations, `${flagKey}.variations`);
  const rules = expectArray(flag.rules, `${flagKey}.rules`);
  const enabled = expectBoolean(flag.enabled, `${flagKey}.enabled`);
  let known: number | undefined;
  const seedKey = typeof flag.key === 'string' ? flag.key : flagKey;
  const frame: Frame = { variations, report, seed: () => (known ??= rolloutSeed(accountId, seedKey)) };

  const reason = enabled ? (rules.length === 0 ? 'STATIC' : 'DEFAULT') : 'DISABLED';
  const serveDefault = server(frame, flag.default_variation, `${flagKey}.default_variation`, reason);
  if (reason !== 'DEFAULT') return serveDefault;
  const compiled = rules.map((rule, index) => compileRule(rule, `${flagKey}.rules[${index}]`, frame));
  return (context) => {
    for (const rule of compiled) if (rule.matches(context)) return rule.serve();
    return serveDefault();
  };
}

import { type JsonValue } from '../options/json-value';
import { type Attributes } from './attribute';
import { FlagshipError, isErrorOf } from '../errors';
import { compileConditions } from './condition';
import {
  expectArray,
  expectBoolean,
  expectObject,
  expectShallow,
  expectString,
  type JsonObject,
  keyPlace,
  MalformedFlag,
  quoted,
  within,
} from './malformed-flag';
import { type CompiledRollout, compileRollout, rolloutSeed } from './rollout';
import { type Predicate } from './text-operators';

export type ResolutionReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT' | 'DISABLED';

/** What a flag says to a context. Shared between evaluations: never changed once made. */
export interface FlagResolution {
  readonly value: JsonValue;
  readonly variant: string;
  readonly reason: ResolutionReason;
}

/** What is served: an answer, or the error that the variation it names does not exist. */
type ServedVariation = FlagResolution | MalformedFlag;

interface CompiledRule {
  readonly conditions: readonly Predicate[];
  readonly rollout: CompiledRollout | undefined;
  readonly served: ServedVariation;
}

/** A flag ready to be asked. */
export class CompiledFlag {
  constructor(
    private readonly flagKey: string,
    private readonly rules: readonly CompiledRule[],
    private readonly fallBack: ServedVariation,
  ) {}

  /**
   * Answers for a context.
   *
   * @throws MalformedFlag When what it would serve does not exist, or anything else goes wrong; FlagshipError
   * `INVALID_CONTEXT` when the context cannot be read.
   */
  evaluate(context: Attributes): FlagResolution {
    let served: ServedVariation;
    try {
      served = this.serve(context);
    } catch (error) {
      throw isErrorOf(error, FlagshipError) ? error : within(keyPlace(this.flagKey), error);
    }
    if (served instanceof MalformedFlag) throw served;
    return served;
  }

  private serve(context: Attributes): ServedVariation {
    for (const rule of this.rules) if (matches(rule, context)) return rule.served;
    return this.fallBack;
  }
}

function matches({ conditions, rollout }: CompiledRule, context: Attributes): boolean {
  for (const condition of conditions) if (!condition(context)) return false;
  return rollout === undefined || rollout.admits(context);
}

/** Compiles the parts of one flag. */
class FlagCompiler {
  private readonly answers: FlagResolution[] = [];
  private knownSeed: number | undefined;
  /** Variations that are served but do not exist. */
  readonly missing: MalformedFlag[] = [];

  constructor(
    private readonly variations: JsonObject,
    private readonly accountId: string,
    private readonly seedKey: string,
  ) {}

  /** Hashed only for flags that have a rollout, and once. */
  get seed(): number {
    return (this.knownSeed ??= rolloutSeed(this.accountId, this.seedKey));
  }

  rule(item: unknown): CompiledRule {
    const rule = expectObject(item, '');
    const conditions = compileConditions(rule.conditions, 'conditions');
    const given = rule.rollout;
    const rollout = given === undefined || given === null ? undefined : compileRollout(given, this);
    const reason = rollout?.isSplit === true ? 'SPLIT' : 'TARGETING_MATCH';
    return { conditions, rollout, served: this.served(rule.serve_variation, 'serve_variation', reason) };
  }

  /** Rules that serve the same share one answer. */
  served(name: unknown, place: string, reason: ResolutionReason): ServedVariation {
    const variant = expectString(name, place);
    const known = this.answers.find((answer) => answer.variant === variant && answer.reason === reason);
    if (known !== undefined) return known;
    if (!Object.hasOwn(this.variations, variant)) {
      // Served, not compiled, is when this matters: rules before and after it still work.
      const error = new MalformedFlag(
        place,
        `names the variation ${quoted(variant)}, which is not in "variations"`,
      );
      this.missing.push(error);
      return error;
    }
    const answer: FlagResolution = { value: this.variations[variant] as JsonValue, variant, reason };
    this.answers.push(answer);
    return answer;
  }
}

/** All but the rules, which have a bound of their own: the values are handed out, and the whole may be written down. */
function expectShallowMembers(flag: JsonObject): void {
  for (const name in flag) {
    const member = flag[name];
    if (typeof member === 'object' && name !== 'rules') expectShallow(member, keyPlace(name));
  }
}

function compileParts(
  flagKey: string,
  flag: JsonObject,
  accountId: string,
): [compiled: CompiledFlag, missing: readonly MalformedFlag[]] {
  const variations = expectObject(flag.variations, 'variations');
  const rules = expectArray(flag.rules, 'rules');
  const enabled = expectBoolean(flag.enabled, 'enabled');
  expectShallowMembers(flag);
  const compiler = new FlagCompiler(variations, accountId, typeof flag.key === 'string' ? flag.key : flagKey);
  const { missing } = compiler;
  const reason = enabled ? (rules.length === 0 ? 'STATIC' : 'DEFAULT') : 'DISABLED';
  const fallBack = compiler.served(flag.default_variation, 'default_variation', reason);
  const judged = enabled ? rules : [];
  const compiled = new Array<CompiledRule>(judged.length);
  for (let index = 0; index < judged.length; index++) {
    const before = missing.length;
    try {
      compiled[index] = compiler.rule(judged[index]);
    } catch (error) {
      throw within(`rules[${index}]`, error);
    }
    for (let told = before; told < missing.length; told++) missing[told]?.within(`rules[${index}]`);
  }
  return [new CompiledFlag(flagKey, compiled, fallBack), missing];
}

/**
 * Makes a flag's definition ready to be asked.
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
  // What could not even be read.
  if (definition instanceof MalformedFlag) throw definition;
  try {
    const [compiled, missing] = compileParts(flagKey, expectObject(definition, ''), accountId);
    for (const problem of missing) report(problem.within(keyPlace(flagKey)));
    return compiled;
  } catch (error) {
    throw within(keyPlace(flagKey), error);
  }
}

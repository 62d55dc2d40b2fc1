import { FlagshipError, isErrorOf } from '../errors';
import { type Attributes, type FlagMetadata, type JsonValue } from '../types';
import { compileConditions } from './condition';
import {
  expectArray,
  expectBoolean,
  expectFinite,
  expectObject,
  expectShallow,
  expectString,
  type JsonObject,
  keySegment,
  MalformedFlag,
  malformedAt,
  quoted,
} from './malformed-flag';
import { type CompiledRollout, compileRollout, rolloutSeed } from './rollout';
import { type Predicate } from './text-operators';

export type ResolutionReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT' | 'DISABLED';

/** The result of an evaluation. Shared between evaluations, so it must not be changed. */
export interface FlagResolution {
  readonly value: JsonValue;
  readonly variant: string;
  readonly reason: ResolutionReason;
  /** Absent where neither the flag nor its app has any. */
  readonly metadata?: FlagMetadata;
}

/** The resolution of a served variation, or the error of a variation that does not exist. */
type ServedVariation = FlagResolution | MalformedFlag;

interface CompiledRule {
  /** Rules are evaluated by ascending priority, those of one priority in the order in which they are given. */
  readonly priority: number;
  readonly conditions: readonly Predicate[];
  readonly rollout: CompiledRollout | undefined;
  readonly served: ServedVariation;
}

/** A flag's definition, compiled for evaluation. */
export class CompiledFlag {
  constructor(
    private readonly flagKey: string,
    private readonly rules: readonly CompiledRule[],
    private readonly defaultVariation: ServedVariation,
    /** The metadata of the flag and of its app. */
    readonly flagMetadata: FlagMetadata | undefined,
  ) {}

  /**
   * Evaluates the flag for a context.
   *
   * @returns The resolution of the first rule that matches, or else of the default variation.
   * @throws MalformedFlag When the variation does not exist, or an unforeseen error happens; FlagshipError
   * `INVALID_CONTEXT` when the context cannot be read.
   */
  evaluate(context: Attributes): FlagResolution {
    let served: ServedVariation;
    try {
      served = this.serve(context);
    } catch (error) {
      throw isErrorOf(error, FlagshipError) ? error : malformedAt(keySegment(this.flagKey), error);
    }
    if (served instanceof MalformedFlag) throw served;
    return served;
  }

  private serve(context: Attributes): ServedVariation {
    for (const rule of this.rules) if (matches(rule, context)) return rule.served;
    return this.defaultVariation;
  }
}

function matches({ conditions, rollout }: CompiledRule, context: Attributes): boolean {
  for (const condition of conditions) if (!condition(context)) return false;
  return rollout === undefined || rollout.includes(context);
}

/** Compiles the parts of one flag. */
class FlagCompiler {
  private readonly resolutions: FlagResolution[] = [];
  private cachedSeed: number | undefined;
  /** Errors of variations that are served but do not exist. */
  readonly missing: MalformedFlag[] = [];

  constructor(
    private readonly variations: JsonObject,
    private readonly accountId: string,
    private readonly seedKey: string,
    private readonly flagMetadata: FlagMetadata | undefined,
  ) {}

  /** The seed of the flag's rollouts, hashed once, and only for a flag that has rollouts. */
  get seed(): number {
    return (this.cachedSeed ??= rolloutSeed(this.accountId, this.seedKey));
  }

  compileRule(item: unknown): CompiledRule {
    const rule = expectObject(item, '');
    const conditions = compileConditions(rule.conditions, 'conditions');
    const hasRollout = rule.rollout !== undefined && rule.rollout !== null;
    const rollout = hasRollout ? compileRollout(rule.rollout, this) : undefined;
    const reason = rollout?.isSplit === true ? 'SPLIT' : 'TARGETING_MATCH';
    return {
      priority: expectFinite(rule.priority ?? 0, 'priority'),
      conditions,
      rollout,
      served: this.compileVariation(rule.serve_variation, 'serve_variation', reason),
    };
  }

  /** Returns the resolution of a variation. Rules that serve the same variation share it. */
  compileVariation(name: unknown, path: string, reason: ResolutionReason): ServedVariation {
    const variant = expectString(name, path);
    const known = this.resolutions.find(
      (resolution) => resolution.variant === variant && resolution.reason === reason,
    );
    if (known !== undefined) return known;
    if (!Object.hasOwn(this.variations, variant)) {
      // Returned instead of thrown: the flag stays usable for contexts that other rules match.
      const error = new MalformedFlag(
        path,
        `names the variation ${quoted(variant)}, which is not in "variations"`,
      );
      this.missing.push(error);
      return error;
    }
    const value = this.variations[variant] as JsonValue;
    const resolution: FlagResolution = { value, variant, reason, metadata: this.flagMetadata };
    this.resolutions.push(resolution);
    return resolution;
  }

  compileRules(rules: readonly unknown[]): readonly CompiledRule[] {
    const { missing } = this;
    const compiled = new Array<CompiledRule>(rules.length);
    for (let index = 0; index < rules.length; index++) {
      const firstMissing = missing.length;
      try {
        compiled[index] = this.compileRule(rules[index]);
      } catch (error) {
        throw malformedAt(`rules[${index}]`, error);
      }
      for (let added = firstMissing; added < missing.length; added++)
        missing[added]?.prependPath(`rules[${index}]`);
    }
    return compiled.sort((one, other) => one.priority - other.priority);
  }
}

/**
 * Limits the nesting of all members except the rules, whose conditions have a limit of their own, and the metadata,
 * which never makes a flag malformed: copying a value, or writing it as JSON, must not exhaust the stack.
 *
 * @throws MalformedFlag When a member is nested too deep.
 */
function expectShallowMembers(flag: JsonObject): void {
  for (const name in flag) {
    const member = flag[name];
    if (typeof member === 'object' && name !== 'rules' && name !== 'metadata')
      expectShallow(member, keySegment(name));
  }
}

function compileParts(
  flagKey: string,
  flag: JsonObject,
  accountId: string,
  flagMetadata: FlagMetadata | undefined,
): [compiled: CompiledFlag, missing: readonly MalformedFlag[]] {
  const variations = expectObject(flag.variations, 'variations');
  const rules = expectArray(flag.rules ?? [], 'rules');
  const enabled = expectBoolean(flag.enabled, 'enabled');
  expectShallowMembers(flag);
  const seedKey = typeof flag.key === 'string' ? flag.key : flagKey;
  const compiler = new FlagCompiler(variations, accountId, seedKey, flagMetadata);
  const defaultReason = enabled ? (rules.length === 0 ? 'STATIC' : 'DEFAULT') : 'DISABLED';
  const defaultVariation = compiler.compileVariation(
    flag.default_variation,
    'default_variation',
    defaultReason,
  );
  const compiledRules = compiler.compileRules(enabled ? rules : []);
  return [new CompiledFlag(flagKey, compiledRules, defaultVariation, flagMetadata), compiler.missing];
}

/**
 * Compiles a flag's definition.
 *
 * @param report Receives the variations that are served but do not exist. The flag is `PARSE_ERROR` for contexts to
 * which it would serve one of them.
 * @param flagMetadata The metadata of every resolution, read and checked by the caller.
 * @returns The compiled flag.
 * @throws MalformedFlag When the definition does not have the documented shape.
 */
export function compileFlag(
  flagKey: string,
  definition: unknown,
  accountId: string,
  report: (problem: MalformedFlag) => void = () => undefined,
  flagMetadata?: FlagMetadata,
): CompiledFlag {
  // The definition could not be read.
  if (definition instanceof MalformedFlag) throw definition;
  try {
    const [compiled, missing] = compileParts(flagKey, expectObject(definition, ''), accountId, flagMetadata);
    for (const problem of missing) report(problem.prependPath(keySegment(flagKey)));
    return compiled;
  } catch (error) {
    throw malformedAt(keySegment(flagKey), error);
  }
}

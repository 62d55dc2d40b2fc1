import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type Attributes } from '../types';
import { compileFlag, type CompiledFlag, type FlagResolution } from './compile-flag';
import { malformedFlagOf, MalformedFlag, quoted } from './malformed-flag';

/** The compiled flags of an app. */
export class CompiledDefinitions {
  private readonly flags = new Map<string, CompiledFlag | MalformedFlag>();
  private readonly problems: MalformedFlag[] = [];

  /** @param accountId Seeds the rollouts, so that a subject has the same bucket as on Flagship. */
  constructor(
    definitions: Iterable<readonly [string, unknown]>,
    private readonly accountId: string,
  ) {
    for (const [key, definition] of definitions) this.add(key, definition);
  }

  /** Compiles one flag. A caller with thousands of flags can add them over several turns of the event loop. */
  add(key: string, definition: unknown): void {
    this.flags.set(key, this.compile(key, definition));
  }

  /** The problems of flags that cannot be evaluated, or not for every context. Other flags are not affected. */
  get malformed(): readonly MalformedFlag[] {
    return this.problems;
  }

  get keys(): readonly string[] {
    return [...this.flags.keys()];
  }

  /**
   * Evaluates a flag for a context.
   *
   * @returns The resolution, shared between evaluations.
   * @throws FlagshipError `FLAG_NOT_FOUND`, `PARSE_ERROR` or `INVALID_CONTEXT`.
   */
  evaluate(flagKey: string, context: Attributes): FlagResolution {
    const flag = this.flags.get(flagKey);
    if (flag === undefined) {
      throw new FlagshipError(`There is no flag ${quoted(flagKey)}.`, FlagshipErrorCode.FLAG_NOT_FOUND);
    }
    if (flag instanceof MalformedFlag) throw flag;
    return flag.evaluate(context);
  }

  private compile(key: string, definition: unknown): CompiledFlag | MalformedFlag {
    const report = (problem: MalformedFlag): void => {
      problem.flagKey = key;
      this.problems.push(problem);
    };
    try {
      return compileFlag(key, definition, this.accountId, report);
    } catch (error) {
      const malformed = malformedFlagOf(key, error);
      this.problems.push(malformed);
      return malformed;
    }
  }
}

import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type Attributes } from './attribute';
import { compileFlag, type CompiledFlag, type FlagAnswer } from './compile-flag';
import { MalformedFlag } from './malformed-flag';

/** All flags of an app, compiled. */
export class Ruleset {
  private readonly flags = new Map<string, CompiledFlag>();
  /** The flags that cannot be evaluated, with the reason; the others are not affected. */
  readonly malformed: readonly MalformedFlag[];

  /** @param accountId Seeds the rollouts: the same subject falls into the same bucket as on Flagship. */
  constructor(definitions: Iterable<readonly [string, unknown]>, accountId: string) {
    const malformed: MalformedFlag[] = [];
    for (const [key, definition] of definitions) {
      try {
        this.flags.set(key, compileFlag(key, definition, accountId));
      } catch (error) {
        if (!(error instanceof MalformedFlag)) throw error;
        error.flagKey = key;
        malformed.push(error);
        this.flags.set(key, () => {
          throw error;
        });
      }
    }
    this.malformed = malformed;
  }

  get keys(): readonly string[] {
    return [...this.flags.keys()];
  }

  /**
   * Answers a flag for a context.
   *
   * @throws FlagshipError `FLAG_NOT_FOUND` or `PARSE_ERROR`.
   */
  evaluate(flagKey: string, context: Attributes): FlagAnswer {
    const flag = this.flags.get(flagKey);
    if (flag === undefined) {
      throw new FlagshipError(`There is no flag "${flagKey}".`, FlagshipErrorCode.FLAG_NOT_FOUND);
    }
    return flag(context);
  }
}

import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type Attributes, type FlagMetadata } from '../types';
import { compileFlag, type CompiledFlag, type FlagResolution } from './compile-flag';
import { mergeMetadata, readDefinitionMetadata } from './flag-metadata';
import { malformedFlagOf, MalformedFlag, quoted } from './malformed-flag';

/** A flag whose metadata is dropped, or a part of it. */
export interface MetadataProblem {
  readonly flagKey: string;
  /** Why, as the rest of a sentence about the flag's metadata. */
  readonly problem: string;
}

/** The compiled flags of an app. */
export class CompiledDefinitions {
  private readonly flags = new Map<string, CompiledFlag | MalformedFlag>();
  private readonly problems: MalformedFlag[] = [];
  private readonly droppedMetadata = new Map<string, string>();

  /**
   * @param accountId Seeds the rollouts, so that a subject has the same bucket as on Flagship.
   * @param flagSet The metadata of every answer, such as the ID of the app.
   */
  constructor(
    definitions: Iterable<readonly [string, unknown]>,
    private readonly accountId: string,
    private readonly flagSet?: FlagMetadata,
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

  /** The flags of whose metadata something was dropped, which does not affect their evaluation. */
  get metadataProblems(): readonly MetadataProblem[] {
    return [...this.droppedMetadata].map(([flagKey, problem]) => ({ flagKey, problem }));
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

  /** Returns the metadata of a flag and its app, also of a malformed flag; of an unknown flag that of the app alone. */
  metadataOf(flagKey: string): FlagMetadata | undefined {
    const flag = this.flags.get(flagKey);
    return flag === undefined ? this.flagSet : flag.flagMetadata;
  }

  private compile(key: string, definition: unknown): CompiledFlag | MalformedFlag {
    const report = (problem: MalformedFlag): void => {
      problem.flagKey = key;
      this.problems.push(problem);
    };
    const { metadata, problem } = readDefinitionMetadata(definition);
    if (problem === undefined) this.droppedMetadata.delete(key);
    else this.droppedMetadata.set(key, problem);
    const flagMetadata = mergeMetadata(this.flagSet, metadata);
    try {
      return compileFlag(key, definition, this.accountId, report, flagMetadata);
    } catch (error) {
      const malformed = malformedFlagOf(key, error);
      malformed.flagMetadata = flagMetadata;
      this.problems.push(malformed);
      return malformed;
    }
  }
}

import { type FlagMap, type CompiledDefinitions, servedDefinition } from '../evaluation';
import { flagJson, LastGoodFlags, serializableFlags } from '../sources';
import { ServedDefinitions } from './served-definitions';

interface ServedFlags {
  readonly compiled: CompiledDefinitions;
  readonly definitions: ServedDefinitions;
}

/** The flags that the server currently serves, compiled for evaluation and serialized for the definitions endpoint. */
export class FlagStore {
  private readonly flags: LastGoodFlags;
  private current: ServedFlags;

  constructor(accountId: string, flags: FlagMap, report: (problem: string) => void) {
    this.flags = new LastGoodFlags(accountId, report);
    this.current = this.compile(flags);
  }

  get compiled(): CompiledDefinitions {
    return this.current.compiled;
  }

  get definitions(): ServedDefinitions {
    return this.current.definitions;
  }

  replace(flags: FlagMap): void {
    this.current = this.compile(flags);
  }

  private compile(flags: FlagMap): ServedFlags {
    const compiled = this.flags.accept(serializableFlags(flags));
    // Serialized one by one: a flag that cannot be serialized becomes null, which clients evaluate to PARSE_ERROR, too.
    const members = [...this.flags.current].map(
      ([key, definition]) => `${JSON.stringify(key)}:${flagJson(servedDefinition(definition))}`,
    );
    return { compiled, definitions: new ServedDefinitions(`{"flags":{${members.join(',')}}}`) };
  }
}

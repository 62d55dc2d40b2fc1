import { createHash } from 'node:crypto';
import { type FlagMap, type CompiledDefinitions } from '../evaluation';
import { flagJson, LastGoodFlags, writableFlags } from '../sources';

/** The flags that the server has now, as rules and as the definitions answer. */
export class FlagStore {
  private readonly flags: LastGoodFlags;
  private current: { ruleset: CompiledDefinitions; body: string; etag: string };

  constructor(accountId: string, flags: FlagMap, report: (problem: string) => void) {
    this.flags = new LastGoodFlags(accountId, report);
    this.current = this.compile(flags);
  }

  get ruleset(): CompiledDefinitions {
    return this.current.ruleset;
  }

  get definitions(): { readonly body: string; readonly etag: string } {
    return this.current;
  }

  replace(flags: FlagMap): void {
    this.current = this.compile(flags);
  }

  private compile(flags: FlagMap): { ruleset: CompiledDefinitions; body: string; etag: string } {
    const ruleset = this.flags.accept(writableFlags(flags));
    // One by one: a flag that cannot be written is null there, and answers PARSE_ERROR to those who download it, too.
    const members = [...this.flags.current].map(
      ([key, definition]) => `${JSON.stringify(key)}:${flagJson(definition)}`,
    );
    const body = `{"flags":{${members.join(',')}}}`;
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    return { ruleset, body, etag };
  }
}

import { type ResolvedModuleOptions } from '../../options';
import { toTargetingKey } from '../../types';
import { type OptionWarnings } from './option-warnings';
import { headerOf, type RequestSource } from './request-source';

/** Whose request it is, as known at one moment. */
export interface Subject {
  /** The user that authentication has left, by identity. */
  readonly user: unknown;
  /** What {@link id} was made from, where that is the user's own id. */
  readonly rawId: unknown;
  /** The targeting key; nothing for a request without a user. */
  readonly id: string | undefined;
}

const OPTION = 'requestContext.userId';
/** Of a request without a user. */
export const NO_SUBJECT: Subject = Object.freeze({ user: undefined, rawId: undefined, id: undefined });

/** The one place that reads whose request it is, for all transports and propagations, whenever a flag is asked. */
export class SubjectReader {
  constructor(
    private readonly options: ResolvedModuleOptions,
    private readonly warnings: OptionWarnings,
  ) {}

  /**
   * Reads the subject of a request. The option `userId`, where it is a function, is called once for a request and its
   * user, as its result may be another each time; only while it has given nothing is it called again.
   *
   * @param user The user that the request has now, see {@link userOf}.
   * @param before What was read last for this user; returned where nothing has changed.
   */
  read(source: RequestSource, user: unknown, before: Subject = NO_SUBJECT): Subject {
    const { userId } = this.options;
    const isSameUser = before.user === user;
    if (typeof userId === 'function') {
      if (isSameUser && before.id !== undefined) return before;
      return changed(before, user, undefined, this.chosenId(userId, source));
    }
    if (userId !== undefined) return changed(before, user, undefined, this.headerId(source, userId.header));
    const rawId = this.idOf(user);
    if (isSameUser && before.rawId === rawId) return before;
    return changed(before, user, rawId, this.textOf(rawId, 'The id of request.user'));
  }

  /** Reads the user that authentication has left so far. */
  userOf(source: RequestSource): unknown {
    try {
      return source.user;
    } catch (error) {
      this.warnings.failed('request.user', error);
      return undefined;
    }
  }

  private chosenId(userId: (request: unknown) => unknown, { request }: RequestSource): string | undefined {
    try {
      return this.textOf(userId(request), `What option "${OPTION}" gives`);
    } catch (error) {
      this.warnings.failed(OPTION, error);
      return undefined;
    }
  }

  private headerId(source: RequestSource, header: string): string | undefined {
    try {
      return headerOf(source, header);
    } catch (error) {
      this.warnings.failed(OPTION, error);
      return undefined;
    }
  }

  /** Reads the id of a user where Nest's authentication recipes, and databases, leave it. */
  private idOf(user: unknown): unknown {
    if (user === undefined || user === null) return undefined;
    try {
      const { id, sub, _id } = user as {
        readonly id?: unknown;
        readonly sub?: unknown;
        readonly _id?: unknown;
      };
      if (typeof user !== 'object') this.warnOfPlainUser(user);
      return id ?? sub ?? _id;
    } catch (error) {
      this.warnings.failed('request.user', error);
      return undefined;
    }
  }

  private textOf(value: unknown, what: string): string | undefined {
    const refuse = (kind: string): void => {
      this.warnings.warn(
        OPTION,
        kind,
        () => `${what} is ${kind}, which is no id; requests go on without it. ${mend(kind)}`,
      );
    };
    try {
      return toTargetingKey(value, refuse);
    } catch (error) {
      this.warnings.failed(OPTION, error);
      return undefined;
    }
  }

  private warnOfPlainUser(user: unknown): void {
    this.warnings.warn(
      OPTION,
      'plain user',
      () =>
        `request.user is a ${typeof user}, which has no id; requests go on without it. Say where it is with option "${OPTION}".`,
    );
  }
}

function changed(before: Subject, user: unknown, rawId: unknown, id: string | undefined): Subject {
  return before.user === user && before.id === id ? before : { user, rawId, id };
}

function mend(kind: string): string {
  return kind === 'a promise'
    ? 'Let "contextFactory", which may be asynchronous, give the "targetingKey".'
    : 'Give text, a number, or an object with a "toJSON" or "toString" of its own.';
}

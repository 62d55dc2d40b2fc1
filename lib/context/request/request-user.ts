import { type ResolvedModuleOptions } from '../../options';
import { toTargetingKey } from '../../types';
import { type OptionWarnings } from './option-warnings';
import { headerOf, type RequestSource } from './request-source';

/** The user of a request and the targeting key derived from it, as read at one moment. */
export interface RequestUser {
  /** The user that authentication has set on the request; compared by identity. */
  readonly user: unknown;
  /** The user's id before its conversion to text; undefined if the option `userId` determines the targeting key. */
  readonly rawId: unknown;
  /** The targeting key; undefined for a request without a user. */
  readonly targetingKey: string | undefined;
}

const OPTION = 'requestContext.userId';
/** The subject of a request without a user. */
export const NO_SUBJECT: RequestUser = Object.freeze({
  user: undefined,
  rawId: undefined,
  targetingKey: undefined,
});

/** Reads the subject of a request at each evaluation; the only place that does, for all transports and propagations. */
export class SubjectReader {
  constructor(
    private readonly options: ResolvedModuleOptions,
    private readonly warnings: OptionWarnings,
  ) {}

  /**
   * Returns the subject of a request. If the option `userId` is a function, it is called once per request and user,
   * because its result may differ between calls; as long as it returns no id, it is called again.
   *
   * @param user The user that the request has now, see {@link userOf}.
   * @param previous The subject that the last read for this user returned; returned again if nothing has changed.
   */
  read(source: RequestSource, user: unknown, previous: RequestUser = NO_SUBJECT): RequestUser {
    const { userId } = this.options;
    const isSameUser = previous.user === user;
    if (typeof userId === 'function') {
      if (isSameUser && previous.targetingKey !== undefined) return previous;
      return subjectOf(previous, user, undefined, this.idFromFunction(userId, source));
    }
    if (userId !== undefined)
      return subjectOf(previous, user, undefined, this.idFromHeader(source, userId.header));
    const rawId = this.idOfUser(user);
    if (isSameUser && previous.rawId === rawId) return previous;
    return subjectOf(previous, user, rawId, this.idAsText(rawId, 'The id of request.user'));
  }

  /** Returns the user that authentication has set so far; undefined if reading it throws. */
  userOf(source: RequestSource): unknown {
    try {
      return source.user;
    } catch (error) {
      this.warnings.failed('request.user', error);
      return undefined;
    }
  }

  private idFromFunction(
    userId: (request: unknown) => unknown,
    { request }: RequestSource,
  ): string | undefined {
    try {
      return this.idAsText(userId(request), `The result of option "${OPTION}"`);
    } catch (error) {
      this.warnings.failed(OPTION, error);
      return undefined;
    }
  }

  private idFromHeader(source: RequestSource, header: string): string | undefined {
    try {
      return headerOf(source, header);
    } catch (error) {
      this.warnings.failed(OPTION, error);
      return undefined;
    }
  }

  /** Returns the id of a user from the properties that Nest's authentication recipes (`sub`) and databases use. */
  private idOfUser(user: unknown): unknown {
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

  private idAsText(value: unknown, what: string): string | undefined {
    const refuse = (kind: string): void => {
      this.warnings.warn(
        OPTION,
        kind,
        () => `${what} is ${kind}, which is no id; requests go on without it. ${remedyFor(kind)}`,
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

/** Returns the previous subject if it is the same, so that scopes can compare subjects by identity. */
function subjectOf(
  previous: RequestUser,
  user: unknown,
  rawId: unknown,
  targetingKey: string | undefined,
): RequestUser {
  const isSame = previous.user === user && previous.targetingKey === targetingKey;
  return isSame ? previous : { user, rawId, targetingKey };
}

function remedyFor(kind: string): string {
  return kind === 'a promise'
    ? 'Return the "targetingKey" from "contextFactory", which may be asynchronous.'
    : 'Give text, a number, or an object with a "toJSON" or "toString" of its own.';
}

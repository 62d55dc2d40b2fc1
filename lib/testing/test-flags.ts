import { ErrorCode, type Provider, ProviderEvents } from '@openfeature/server-sdk';
import { configurationError, describeValue } from '../errors';
import { type FlagKey } from '../options';
import { EvaluationLog, type TestEvaluation } from './evaluation-log';
import { FlagTable } from './flag-table';
import { type TestFlagValue, type TestFlagValues } from './test-flag-values';
import { TestFlagsProvider } from './test-flags.provider';

const CODES: ReadonlyMap<string, ErrorCode> = new Map(Object.values(ErrorCode).map((code) => [code, code]));

/**
 * The flags of a test. A change counts from the next request on; one that is under way keeps the answers it has had.
 *
 * A flag that was not set answers the caller's default with `FLAG_NOT_FOUND`, one with a value of another type than is
 * asked for with `TYPE_MISMATCH`, as in production.
 *
 * @example
 * const flags = app.get(TestFlags);
 * flags.set('new-checkout', true);
 * await request(app.getHttpServer()).get('/checkout').expect(200);
 *
 * @example
 * // Without Nest:
 * await OpenFeature.setProviderAndWait(new TestFlags({ 'new-checkout': true }).provider);
 */
export class TestFlags {
  /** These flags as an OpenFeature provider. It may be registered any number of times, and needs no closing. */
  readonly provider: Provider;

  readonly #table: FlagTable;
  readonly #log = new EvaluationLog();

  /**
   * @param flags Values by key, or definitions with rules; what `reset` returns to.
   * @throws FlagshipError `CONFIGURATION_ERROR` when a flag is neither.
   */
  constructor(flags: TestFlagValues = {}) {
    this.#table = new FlagTable(flags);
    this.provider = new TestFlagsProvider(this.#table, this.#log);
  }

  /**
   * Sets one flag, or several, for everybody. Ends what {@link fail} began; a user for whom the flag has been set with
   * {@link setFor} keeps that.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` when a flag is neither a value nor a definition; nothing is set then.
   * @example
   * flags.set('upload-limit', 20);
   * flags.set({ 'home-page': 'modern', look: { accent: 'teal' } });
   */
  set<Key extends FlagKey>(key: Key, value: TestFlagValue<Key>): void;
  set(flags: TestFlagValues): void;
  set(keyOrFlags: string | TestFlagValues, value?: unknown): void {
    const flags = byKey(keyOrFlags, value);
    this.#table.set(flags);
    this.#changed(Object.keys(flags));
  }

  /**
   * Sets one flag, or several, for the user with this targeting key. Wins over {@link set}, whichever comes first. Ends
   * what {@link fail} began for this user; for everybody else the flag goes on failing.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` as {@link set}.
   * @example
   * flags.setFor('ann', 'new-checkout', true);
   */
  setFor<Key extends FlagKey>(targetingKey: string, key: Key, value: TestFlagValue<Key>): void;
  setFor(targetingKey: string, flags: TestFlagValues): void;
  setFor(targetingKey: string, keyOrFlags: string | TestFlagValues, value?: unknown): void {
    const flags = byKey(keyOrFlags, value);
    this.#table.setFor(targetingKey, flags);
    this.#changed(Object.keys(flags));
  }

  /**
   * Has a flag fail, until it is set again: callers get their defaults, with this error code. Wins over what has been set
   * before, for everybody ({@link set}) and for single users ({@link setFor}); what is set for one user afterwards ends
   * it for that user, what is set for everybody ends it for everybody.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` when OpenFeature has no such code.
   * @example
   * flags.fail('new-checkout', 'GENERAL'); // as if Flagship were away
   */
  fail(key: FlagKey, errorCode: ErrorCode | `${ErrorCode}`): void {
    const code = CODES.get(errorCode);
    if (code === undefined) {
      const known = [...CODES.keys()].join(', ');
      throw configurationError(
        `a flag fails with one of ${known}, but was given ${describeValue(errorCode)}.`,
      );
    }
    this.#table.fail(key, code);
    this.#changed([key]);
  }

  /** Back to the flags of the beginning, with no evaluations: as if nothing had happened. */
  reset(): void {
    const keys = this.#table.reset();
    this.#log.clear();
    this.#changed(keys);
  }

  /**
   * What was asked of the flags and what they answered, in order; the last 1000. A request asks once for each flag,
   * however often it reads it.
   *
   * @example
   * expect(flags.evaluations).toMatchObject([{ flagKey: 'new-checkout', context: { plan: 'pro' }, value: true }]);
   */
  get evaluations(): readonly TestEvaluation[] {
    return this.#log.latest();
  }

  /** As a provider in production tells of its flags. */
  #changed(flagsChanged: string[]): void {
    if (flagsChanged.length > 0) {
      this.provider.events?.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
    }
  }
}

function byKey(keyOrFlags: string | TestFlagValues, value: unknown): Readonly<Record<string, unknown>> {
  return typeof keyOrFlags === 'string' ? { [keyOrFlags]: value } : keyOrFlags;
}

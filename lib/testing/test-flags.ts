import { ErrorCode, type Provider, ProviderEvents } from '@openfeature/server-sdk';
import { configurationError, describeValue } from '../errors';
import { type AnyFlagKey } from '../options';
import { EvaluationRecorder, type TestEvaluation } from './evaluation-recorder';
import { FlagTable } from './flag-table';
import { type TestFlagValue, type TestFlagValues } from './test-flag-values';
import { TestFlagsProvider } from './test-flags.provider';

const CODES: ReadonlyMap<string, ErrorCode> = new Map(Object.values(ErrorCode).map((code) => [code, code]));

/**
 * The flags of a test. A change takes effect with the next request; a request in progress keeps its evaluations.
 *
 * As in production, a flag that is not set resolves with the caller's default and `FLAG_NOT_FOUND`, and a flag of
 * another type than the requested one with `TYPE_MISMATCH`.
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
  /** The OpenFeature provider of these flags. It may be registered several times and need not be closed. */
  readonly provider: Provider;

  readonly #table: FlagTable;
  readonly #log = new EvaluationRecorder();

  /**
   * @param flags The initial flags, to which {@link reset} returns: values or definitions with rules, by key.
   * @throws FlagshipError `CONFIGURATION_ERROR` if a flag is neither a value nor a definition.
   */
  constructor(flags: TestFlagValues = {}) {
    this.#table = new FlagTable(flags);
    this.provider = new TestFlagsProvider(this.#table, this.#log);
  }

  /**
   * Sets one flag, or several, for all users, and ends their failures (see {@link fail}). Values set for single users with
   * {@link setFor} remain.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` if a flag is neither a value nor a definition; then no flag is set.
   * @example
   * flags.set('upload-limit', 20);
   * flags.set({ 'home-page': 'modern', look: { accent: 'teal' } });
   */
  set<Key extends AnyFlagKey>(key: Key, value: TestFlagValue<Key>): void;
  set(flags: TestFlagValues): void;
  set(keyOrFlags: string | TestFlagValues, value?: unknown): void {
    const flags = asValues(keyOrFlags, value);
    this.#table.set(flags);
    this.#emitChanged(Object.keys(flags));
  }

  /**
   * Sets one flag, or several, for the user with this targeting key, and ends their failures for this user only (see
   * {@link fail}). It wins over {@link set}, also over a later call.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` if a flag is neither a value nor a definition; then no flag is set.
   * @example
   * flags.setFor('ann', 'new-checkout', true);
   */
  setFor<Key extends AnyFlagKey>(targetingKey: string, key: Key, value: TestFlagValue<Key>): void;
  setFor(targetingKey: string, flags: TestFlagValues): void;
  setFor(targetingKey: string, keyOrFlags: string | TestFlagValues, value?: unknown): void {
    const flags = asValues(keyOrFlags, value);
    this.#table.setFor(targetingKey, flags);
    this.#emitChanged(Object.keys(flags));
  }

  /**
   * Makes evaluations of a flag fail: they resolve with the caller's default and this error code. The failure applies to
   * all users, whatever was set before. A later {@link set} ends it for all users, a later {@link setFor} for one user.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` if OpenFeature has no such code.
   * @example
   * flags.fail('new-checkout', 'GENERAL'); // as if Flagship were unavailable
   */
  fail(key: AnyFlagKey, errorCode: ErrorCode | `${ErrorCode}`): void {
    const code = CODES.get(errorCode);
    if (code === undefined) {
      const known = [...CODES.keys()].join(', ');
      throw configurationError(
        `a flag fails with one of ${known}, but was given ${describeValue(errorCode)}.`,
      );
    }
    this.#table.fail(key, code);
    this.#emitChanged([key]);
  }

  /**
   * Restores the initial flags and clears the recorded evaluations.
   *
   * @example
   * afterEach(() => app.get(TestFlags).reset());
   */
  reset(): void {
    const keys = this.#table.reset();
    this.#log.clear();
    this.#emitChanged(keys);
  }

  /**
   * The latest 1000 evaluations, oldest first, as copies. A flag that a request reads several times is evaluated once.
   *
   * @example
   * expect(flags.evaluations).toMatchObject([{ flagKey: 'new-checkout', context: { plan: 'pro' }, value: true }]);
   */
  get evaluations(): readonly TestEvaluation[] {
    return this.#log.latest();
  }

  /** Emits the event by which a provider in production reports changed flags. */
  #emitChanged(flagsChanged: string[]): void {
    if (flagsChanged.length > 0) {
      this.provider.events?.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
    }
  }
}

function asValues(keyOrFlags: string | TestFlagValues, value: unknown): Readonly<Record<string, unknown>> {
  return typeof keyOrFlags === 'string' ? { [keyOrFlags]: value } : keyOrFlags;
}

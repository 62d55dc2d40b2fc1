import { type CheckTable, functionOption, milliseconds, objectOption, oneOf } from '../options';
import { type FlagService } from '../service';
import { type FlagshipHealth } from './flagship-health';

/** The options of a health check. */
export interface FlagshipHealthOptions {
  /**
   * The condition from which the check is `down`: `'unavailable'`, if evaluations resolve with their defaults or from the
   * cache; `'degraded'`, also if the flags may be out of date. An application with default or older values still serves
   * requests, so the default is never.
   * @default 'never'
   * @example { downWhen: 'unavailable' }
   */
  readonly downWhen?: 'never' | 'degraded' | 'unavailable' | undefined;

  /**
   * Maximum age of definitions in milliseconds, from 1 to 2,147,483,647. If Flagship last confirmed them longer ago, the
   * condition is `unavailable`. It is also `unavailable` for definitions read from disk, which Flagship has not confirmed
   * since the start. Applies to `localEvaluation`.
   * @default no limit
   * @example { maxAge: 600_000 }
   */
  readonly maxAge?: number | undefined;

  /**
   * The `FlagService` whose flags are checked, for an application with several Flagship modules.
   * @default the one that is injected
   * @example { flags: this.billingFlags }
   */
  readonly flags?: Pick<FlagService, 'client' | 'stats'> | undefined;
}

/** The result of a health check, under the key that was passed to it. */
export type FlagshipHealthResult<Key extends string> = Record<
  Key,
  { readonly status: 'up' | 'down' } & (FlagshipHealth | { readonly message: string })
>;

export const healthOptionChecks: CheckTable<FlagshipHealthOptions> = {
  downWhen: oneOf('never', 'degraded', 'unavailable'),
  maxAge: milliseconds(1),
  flags: (value) =>
    objectOption(value) ??
    (functionOption((value as FlagshipHealthOptions['flags'])?.stats) && 'a FlagService'),
};

import { type CheckTable, functionOption, milliseconds, objectOption, oneOf } from '../options';
import { type FlagService } from '../service';
import { type FlagshipHealth } from './flagship-health';

/** How one check judges. */
export interface FlagshipHealthOptions {
  /**
   * When the check is to fail. An application that answers defaults or older values still serves, so it does not unless
   * you say so: `'unavailable'`, when evaluations answer their defaults or what is in the cache; `'degraded'`, also when
   * the flags are in force but may be out of date.
   * @default 'never'
   */
  readonly downWhen?: 'never' | 'degraded' | 'unavailable';

  /**
   * Definitions that Flagship has last confirmed longer ago than this count as unavailable; those kept on disk always
   * do. In milliseconds, 1 to 2,147,483,647. For `localEvaluation`.
   * @default no limit
   */
  readonly maxAge?: number;

  /**
   * The flags to look at, where there are several Flagship apps: the `FlagService` of that module.
   * @default the one that is injected
   */
  readonly flags?: Pick<FlagService, 'client' | 'stats'>;
}

/** What the health check answers under the key that it was asked for. */
export type FlagshipHealthResult<Key extends string> = Record<
  Key,
  { readonly status: 'up' | 'down' } & (FlagshipHealth | { readonly message: string })
>;

export const healthOptionsTable: CheckTable<FlagshipHealthOptions> = {
  downWhen: oneOf('never', 'degraded', 'unavailable'),
  maxAge: milliseconds(1),
  flags: (value) =>
    objectOption(value) ??
    (functionOption((value as FlagshipHealthOptions['flags'])?.stats) && 'a FlagService'),
};

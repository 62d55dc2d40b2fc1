import { Injectable, Optional } from '@nestjs/common';
import { configurationError, expectModule, messageOf } from '../errors';
import { checkOptions } from '../options';
import { FlagService, RequestFlags } from '../service';
import { type FlagshipCondition, flagshipHealth } from './flagship-health';
import { type FlagshipHealthOptions, type FlagshipHealthResult, healthOptionChecks } from './health-options';

const DOWN_CONDITIONS: Readonly<
  Record<NonNullable<FlagshipHealthOptions['downWhen']>, readonly FlagshipCondition[]>
> = {
  never: [],
  degraded: ['degraded', 'unavailable'],
  unavailable: ['unavailable'],
};

/**
 * Reports the state of the flags to `@nestjs/terminus`. It reads statistics of this process only: a check sends no
 * request to Flagship and never throws.
 *
 * Add it to the providers of the module of your health controller.
 *
 * @example
 * this.health.check([() => this.flagship.check('flagship')]);
 */
@Injectable()
export class FlagshipHealthIndicator {
  /**
   * @param flags Absent if every Flagship module of the application has a domain; each check names its flags then.
   * @param modules The flags of all modules; absent if there is no module.
   */
  constructor(
    @Optional() private readonly flags?: FlagService,
    @Optional() private readonly modules?: RequestFlags,
  ) {}

  /**
   * Returns the result of a health check: `up`, or `down` in the conditions of the option `downWhen`, with details.
   *
   * @param key The name of the result in the health check.
   * @param options The conditions for `down`, and the flags to check. An option that is not accepted gives `down` with a
   * message.
   * @returns The result under `key`. Never rejects.
   * @example
   * this.health.check([() => this.flagship.check('flagship', { downWhen: 'unavailable', maxAge: 600_000 })]);
   */
  check<const Key extends string>(
    key: Key,
    options: FlagshipHealthOptions = {},
  ): Promise<FlagshipHealthResult<Key>> {
    return Promise.resolve({ [key]: this.resultFor(options) } as FlagshipHealthResult<Key>);
  }

  private resultFor(options: FlagshipHealthOptions): FlagshipHealthResult<string>[string] {
    try {
      checkOptions(options, healthOptionChecks);
      const { downWhen = 'never', maxAge, flags = this.flags } = options;
      if (flags === undefined) {
        expectModule(this.modules, 'FlagshipHealthIndicator');
        throw configurationError(
          'every Flagship module has a domain; give the option "flags" of the health check, the FlagService of one of them.',
        );
      }
      const health = flagshipHealth(flags.client.providerStatus, flags.stats(), maxAge);
      return { status: DOWN_CONDITIONS[downWhen].includes(health.condition) ? 'down' : 'up', ...health };
    } catch (error) {
      return { status: 'down', message: messageOf(error) };
    }
  }
}

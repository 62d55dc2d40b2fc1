import { Injectable } from '@nestjs/common';
import { messageOf } from '../errors';
import { checkOptions } from '../options';
import { FlagService } from '../service';
import { type FlagshipCondition, flagshipHealth } from './flagship-health';
import { type FlagshipHealthOptions, type FlagshipHealthResult, healthOptionsTable } from './health-options';

const DOWN: Readonly<Record<NonNullable<FlagshipHealthOptions['downWhen']>, readonly FlagshipCondition[]>> = {
  never: [],
  degraded: ['degraded', 'unavailable'],
  unavailable: ['unavailable'],
};

/**
 * Tells `@nestjs/terminus` how the flags are, from what is known in this process: it asks Flagship nothing, and never
 * throws.
 *
 * List it among the providers of the module that holds your health controller.
 *
 * @example
 * this.health.check([() => this.flagship.check('flagship')]);
 */
@Injectable()
export class FlagshipHealthIndicator {
  constructor(private readonly flags: FlagService) {}

  /**
   * Up, with details, unless `downWhen` says otherwise.
   *
   * @param key The name under which the health check shows the result.
   * @param options When to be down, and which flags to look at. One that is unusable makes the check fail and say so.
   * @example
   * this.health.check([() => this.flagship.check('flagship', { downWhen: 'unavailable', maxAge: 600_000 })]);
   */
  check<const Key extends string>(
    key: Key,
    options: FlagshipHealthOptions = {},
  ): Promise<FlagshipHealthResult<Key>> {
    return Promise.resolve({ [key]: this.judge(options) } as FlagshipHealthResult<Key>);
  }

  private judge(options: FlagshipHealthOptions): FlagshipHealthResult<string>[string] {
    try {
      checkOptions(options, healthOptionsTable);
      const { downWhen = 'never', maxAge, flags = this.flags } = options;
      const health = flagshipHealth(flags.client.providerStatus, flags.stats(), maxAge);
      return { status: DOWN[downWhen].includes(health.condition) ? 'down' : 'up', ...health };
    } catch (error) {
      return { status: 'down', message: messageOf(error) };
    }
  }
}

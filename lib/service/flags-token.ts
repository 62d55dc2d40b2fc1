import { type InjectionToken } from '@nestjs/common';
import { FlagService } from './flag.service';

/**
 * The injection token of a module's `FlagService`, for `app.get` and for tests; `@InjectFlags` injects by it.
 *
 * @param domain The domain that the module was imported with; none for the module without one.
 * @example
 * const billing = app.get<FlagService>(getFlagsToken('billing'));
 */
export function getFlagsToken(domain?: string): InjectionToken<FlagService> {
  return domain === undefined ? FlagService : `nestjs-flagship:flags:${domain}`;
}

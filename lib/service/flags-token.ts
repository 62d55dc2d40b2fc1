import { type InjectionToken } from '@nestjs/common';
import { type FlagDomain } from '../options';
import { FlagService } from './flag.service';

/**
 * Returns the injection token of a module's `FlagService`, for `app.get` and for tests. `@InjectFlags` injects by it.
 *
 * @param domain The domain that the module was imported with; omitted for the module without one.
 * @returns The class `FlagService` itself without a domain, a text otherwise. Nothing is thrown.
 * @example
 * const billing = app.get<FlagService<'billing'>>(getFlagsToken('billing'));
 */
export function getFlagsToken<Domain extends string = string>(
  domain?: Domain & FlagDomain,
): InjectionToken<FlagService<Domain>> {
  // Nest shows the text where no module provides it.
  return domain === undefined
    ? FlagService
    : `nestjs-flagship:flags:${domain} of FlagshipModule.forRoot({ domain: '${domain}', … }) in your root module`;
}

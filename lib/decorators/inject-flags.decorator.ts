import { Inject } from '@nestjs/common';
import { configurationError, describeValue } from '../errors';
import { type FlagDomain } from '../options';
import { getFlagsToken } from '../service';

/**
 * Injects the `FlagService` of the Flagship module with a domain.
 *
 * @param domain The domain that the module was imported with. Without it, the module without a domain is used, as when
 * `FlagService` is injected by its class.
 * @returns A decorator for constructor parameters and properties.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, if the domain is empty or not a text.
 *
 * @example
 * @Injectable()
 * class InvoiceService {
 *   constructor(@InjectFlags('billing') private readonly flags: FlagService<'billing'>) {}
 * }
 */
export function InjectFlags(domain?: FlagDomain): ParameterDecorator & PropertyDecorator {
  if (domain !== undefined && (typeof domain !== 'string' || domain.trim() === '')) {
    throw configurationError(`@InjectFlags needs a module's domain, but was given ${describeValue(domain)}.`);
  }
  return Inject(getFlagsToken(domain));
}

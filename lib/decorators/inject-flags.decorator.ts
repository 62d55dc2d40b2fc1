import { Inject } from '@nestjs/common';
import { configurationError, describeValue } from '../errors';
import { getFlagsToken } from '../service';

/**
 * Injects the `FlagService` of a Flagship module by its domain.
 *
 * @param domain The domain that the module was imported with; none for the module without one, as injecting
 * `FlagService` by its class does.
 * @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined, when the domain is no text.
 *
 * @example
 * @Injectable()
 * class InvoiceService {
 *   constructor(@InjectFlags('billing') private readonly flags: FlagService) {}
 * }
 */
export function InjectFlags(domain?: string): ParameterDecorator & PropertyDecorator {
  if (domain !== undefined && (typeof domain !== 'string' || domain.trim() === '')) {
    throw configurationError(`@InjectFlags needs a module's domain, but was given ${describeValue(domain)}.`);
  }
  return Inject(getFlagsToken(domain));
}

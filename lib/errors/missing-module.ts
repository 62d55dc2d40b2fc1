import { configurationError } from './configuration-error';
import { type FlagshipError } from './flagship-error';

/**
 * Returns the error of a part of the package that Nest creates in an application without the module.
 *
 * @param part The part, as the application's code names it.
 */
export function missingModuleError(part: string): FlagshipError {
  return configurationError(
    `${part} needs FlagshipModule. Import FlagshipModule.forRoot(…) in your root module, or FlagshipTestingModule.forRoot(…) in a test.`,
  );
}

/**
 * Returns what Nest has injected.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when it is absent, because the module that provides it is not imported.
 */
export function expectModule<T>(injected: T | undefined, part: string): T {
  if (injected === undefined) throw missingModuleError(part);
  return injected;
}

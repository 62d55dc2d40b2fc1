import { FlagshipLogger } from '../logging';
import { type ResolvedModuleOptions } from '../options';
import { callSafely } from '../runtime';
import { type FlagService } from '../service';
import { describeUsage, missingFlags } from './describe-usage';

/**
 * Tells at start what the code names: the list, where it is wanted, and the flags that are not there, where that can be
 * known. Looks for neither otherwise.
 */
export function logUsage(
  flags: FlagService,
  { listUsage, domain }: ResolvedModuleOptions,
  known: ReadonlySet<string> | undefined,
): void {
  if (!listUsage && known === undefined) return;
  const logger = new FlagshipLogger(domain === undefined ? 'FlagshipModule' : `FlagshipModule ${domain}`);
  // A list for the reader's eyes must not stop the start.
  callSafely(() => {
    const usage = flags.usage();
    if (listUsage) logger.log(...describeUsage(usage, known).split('\n'));
    const problem = missingFlags(usage, known);
    if (problem !== undefined) logger.warn(problem);
  });
}

import { FlagshipLogger } from '../logging';
import { type ResolvedModuleOptions } from '../options';
import { callSafely } from '../runtime';
import { type FlagService, type FlagUsage } from '../service';

/** Returns the list for the log: one paragraph per flag, one line per place. */
function describeUsage(usage: readonly FlagUsage[], known: ReadonlySet<string> | undefined): string {
  if (usage.length === 0) return 'The code names no flags.';
  const paragraphs = usage.map(({ key, uses }) => {
    const isMissing = known !== undefined && !known.has(key);
    const places = uses.map(({ where, decorator, handler }) => {
      const inHandler = where === handler ? '' : ` in ${handler}`;
      return `    ${where}  (${decorator}${inHandler})`;
    });
    return [`  ${key}${isMissing ? '  (not in Flagship)' : ''}`, ...places].join('\n');
  });
  return ['The code names these flags:', ...paragraphs].join('\n');
}

/** Returns the warning about flags that the code names and Flagship does not have; undefined if it has all of them. */
function missingFlags(
  usage: readonly FlagUsage[],
  known: ReadonlySet<string> | undefined,
): string | undefined {
  if (known === undefined) return undefined;
  const missing = usage.filter(({ key }) => !known.has(key)).map(({ key }) => `"${key}"`);
  return missing.length === 0
    ? undefined
    : `The code names flags that Flagship does not have: ${missing.join(', ')}.`;
}

/**
 * Logs at start which flags the code names: the whole list with the option `listUsage`, and a warning about missing
 * flags if the keys of all flags are known. Without either, the code is not searched.
 *
 * @param known The keys of all flags in Flagship; undefined if they are not known.
 */
export function logUsage(
  flags: FlagService,
  { listUsage, domain }: ResolvedModuleOptions,
  known: ReadonlySet<string> | undefined,
): void {
  if (!listUsage && known === undefined) return;
  const logger = new FlagshipLogger(domain === undefined ? 'FlagshipModule' : `FlagshipModule ${domain}`);
  // A failure while the list is made must not stop the application's start.
  callSafely(() => {
    const usage = flags.usage();
    if (listUsage) logger.log(...describeUsage(usage, known).split('\n'));
    const problem = missingFlags(usage, known);
    if (problem !== undefined) logger.warn(problem);
  });
}

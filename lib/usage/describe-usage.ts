import { type FlagUsage } from '../service';

/** The list for the log: a flag a paragraph, a place a line. */
export function describeUsage(usage: readonly FlagUsage[], known: ReadonlySet<string> | undefined): string {
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

/** The warning about flags that the code names and Flagship does not have; nothing where it has them all. */
export function missingFlags(
  usage: readonly FlagUsage[],
  known: ReadonlySet<string> | undefined,
): string | undefined {
  if (known === undefined) return undefined;
  const missing = usage.filter(({ key }) => !known.has(key)).map(({ key }) => `"${key}"`);
  return missing.length === 0
    ? undefined
    : `The code names flags that Flagship does not have: ${missing.join(', ')}.`;
}

/** The first characters of a text that Flagship may read as a number. */
const NUMBER_START = /^[-\d]/;

/**
 * Returns the value as which Flagship reads the text of a query parameter: `true` and `false` are booleans, and a text
 * is a number if the number prints as that very text and, where it is whole, is a safe integer.
 *
 * @example
 * readQueryValue('42'); // 42
 * readQueryValue('007'); // '007'
 */
export function readQueryValue(text: string): string | number | boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  // Most texts are no numbers. Besides, this excludes "NaN" and "Infinity".
  if (!NUMBER_START.test(text)) return text;
  const number = Number(text);
  if (String(number) !== text || !Number.isFinite(number)) return text;
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? text : number;
}

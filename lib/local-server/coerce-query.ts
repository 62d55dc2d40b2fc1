const DECIMAL = /^-?\d+(\.\d+)?$/;

/** Returns a query parameter's value as Flagship reads it: a number or boolean if it can be one, otherwise a text. */
export function coerceValue(text: string): string | number | boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  const number = Number(text);
  return DECIMAL.test(text) && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : text;
}

/** Returns the flag key and the evaluation context of an evaluation query. */
export function parseQuery(query: URLSearchParams): { flagKey: unknown; context: Record<string, unknown> } {
  const attributes = [...query].filter(([name]) => name !== 'flagKey');
  return {
    flagKey: query.get('flagKey'),
    context: Object.fromEntries(attributes.map(([name, value]) => [name, coerceValue(value)])),
  };
}

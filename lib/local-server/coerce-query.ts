const NUMBER = /^-?\d+(\.\d+)?$/;

/** As Flagship does it: what can only be a number or a boolean becomes one, everything else stays text. */
export function coerceValue(text: string): string | number | boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  const number = Number(text);
  return NUMBER.test(text) && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : text;
}

/** Splits an evaluation query into flag and context. */
export function readQuery(query: URLSearchParams): { flagKey: unknown; context: Record<string, unknown> } {
  const attributes = [...query].filter(([name]) => name !== 'flagKey');
  return {
    flagKey: query.get('flagKey'),
    context: Object.fromEntries(attributes.map(([name, value]) => [name, coerceValue(value)])),
  };
}

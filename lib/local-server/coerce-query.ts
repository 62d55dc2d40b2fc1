import { readQueryValue } from '../types';

/** Returns the flag key and the evaluation context of an evaluation query. */
export function parseQuery(query: URLSearchParams): { flagKey: unknown; context: Record<string, unknown> } {
  const attributes = [...query].filter(([name]) => name !== 'flagKey');
  return {
    flagKey: query.get('flagKey'),
    context: Object.fromEntries(attributes.map(([name, value]) => [name, readQueryValue(value)])),
  };
}

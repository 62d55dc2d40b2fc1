/** Whether a value is an object and not null; arrays are objects, functions are not. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

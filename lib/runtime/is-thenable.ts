/**
 * Whether a promise that resolves with the value would call its `then`. A value whose `then` cannot be read counts as
 * thenable, because the promise would reject.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return typeof (value as { readonly then?: unknown }).then === 'function';
  } catch {
    return true;
  }
}

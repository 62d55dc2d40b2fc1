/** Whether a field of a response is text, null or missing. */
export const isTextOrAbsent = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string';

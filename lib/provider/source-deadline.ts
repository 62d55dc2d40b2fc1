import { type ResolvedSource } from '../options';

/** The longest time in milliseconds that an evaluation by a source takes; 0 where it does not wait. */
export function deadlineOf(source: ResolvedSource): number {
  if (source.kind === 'remote') return source.http.deadline;
  return source.kind === 'binding' ? source.deadline : 0;
}

import { type Sample } from './messages';
import { type Seen } from './load';

/** How many objections are told word for word. */
const MAX_TOLD = 10;

/** One look at the application while Flagship was well. */
export interface CalmSample extends Sample {
  /** Since the start, in milliseconds. */
  readonly at: number;
  /** Of the application, as Flagship sees them. */
  readonly connections: number;
}

/** What has been seen so far. */
export class Observations {
  readonly samples: CalmSample[] = [];
  readonly objections: string[] = [];
  requests = 0;
  objected = 0;
  /** Those among them that were sent while every process kept pace. */
  judged = 0;
  slowest = 0;
  slowestEvaluation = 0;
  /** Answers by the reason of the service's flag. */
  readonly reasons: Record<string, number> = {};

  add({ start, end, page, paceKept }: Seen, objection: string | undefined): void {
    this.requests++;
    if (paceKept > end - start) this.judged++;
    if (page !== undefined) {
      this.slowest = Math.max(this.slowest, page.took);
      this.slowestEvaluation = Math.max(this.slowestEvaluation, page.waited);
      this.reasons[page.reason] = (this.reasons[page.reason] ?? 0) + 1;
    }
    if (objection !== undefined) this.object(objection);
  }

  object(objection: string): void {
    this.objected++;
    if (this.objections.length < MAX_TOLD) this.objections.push(objection);
  }
}

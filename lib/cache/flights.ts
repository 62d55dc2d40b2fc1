import { type Attributes } from './context-snapshot';
import { type AskedQuestion, isSameQuestion } from './memory-cache';

interface Flight<T> {
  readonly question: AskedQuestion;
  readonly landing: Promise<T>;
}

/** Questions on their way: who asks what somebody else is asking already waits for that answer. */
export class Flights<T> {
  private readonly underWay = new Map<number, Flight<T>>();
  private count = 0;

  /** How many there are, those included that share their number with another. */
  get size(): number {
    return this.count;
  }

  /** The answer to the same question, if it is being asked. */
  join({ hash, flagKey, type }: AskedQuestion, context: Attributes): Promise<T> | undefined {
    const flight = this.underWay.get(hash);
    if (flight === undefined || !isSameQuestion(flight.question, flagKey, type, context)) return undefined;
    return flight.landing;
  }

  /** Lets others join until the answer, or the failure, is there: nobody joins a flight that has failed. */
  launch(question: AskedQuestion, landing: Promise<T>): Promise<T> {
    const { hash } = question;
    const flight = { question, landing };
    const land = (): void => {
      this.count--;
      if (this.underWay.get(hash) === flight) this.underWay.delete(hash);
    };
    this.count++;
    this.underWay.set(hash, flight);
    landing.then(land, land);
    return landing;
  }

  /** Whoever asks from now on asks anew. */
  clear(): void {
    this.underWay.clear();
  }
}

/** The most pending writes. Without a limit, a hanging store would accumulate them. */
const MAX_PENDING_WRITES = 1000;
/** The most characters of all pending writes. A single write may be larger, as definitions are. */
const MAX_PENDING_CHARACTERS = 16_000_000;

/** Bounds the memory of pending writes. */
export class WriteBudget {
  private writes = 0;
  private characters = 0;

  /**
   * Reserves memory for a write.
   *
   * @returns A function that releases the memory, or undefined when the budget is used up.
   */
  acquire(characters: number): (() => void) | undefined {
    const isFull = this.writes >= MAX_PENDING_WRITES || this.characters + characters > MAX_PENDING_CHARACTERS;
    if (isFull && this.writes > 0) return undefined;
    this.writes++;
    this.characters += characters;
    return () => {
      this.writes--;
      this.characters -= characters;
    };
  }
}

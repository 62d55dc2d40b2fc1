/** How many writes may be under way: a store that hangs would collect them without end. */
const MAX_WRITES = 1000;
/** How many characters they may hold together; a single write may be larger, for definitions are. */
const MAX_CHARACTERS = 16_000_000;

/** Bounds what writes under way keep in memory. */
export class WriteBudget {
  private writes = 0;
  private characters = 0;

  /**
   * Takes room for a write of so many characters.
   *
   * @returns Gives the room back; nothing when there is none.
   */
  take(characters: number): (() => void) | undefined {
    const isFull = this.writes >= MAX_WRITES || this.characters + characters > MAX_CHARACTERS;
    if (isFull && this.writes > 0) return undefined;
    this.writes++;
    this.characters += characters;
    return () => {
      this.writes--;
      this.characters -= characters;
    };
  }
}

// One page shows one moment: answers are drawn when all of them are of one export.

const TRIES = 5; // questions in a row without a pause; after that the schedule has its turn

export class Agreement {
  #tries = 0;

  /**
   * Looks at parts that were answered (`export` is the number their answer bears, null before the
   * first). Returns `{isOne, behind}`: whether all are of one export, and which should be asked again
   * at once. A part that cannot be read keeps nobody waiting: its error is shown.
   */
  look(parts) {
    const known = parts.filter((part) => !part.error);
    const isComplete = known.every((part) => part.export !== null);
    const newest = Math.max(...known.map((part) => part.export ?? -1));
    const behind = known.filter((part) => part.export !== null && part.export !== newest);
    if (isComplete && !behind.length) {
      this.#tries = 0;
      return { isOne: true, behind: [] };
    }
    if (!behind.length || behind.some((part) => part.busy)) return { isOne: false, behind: [] };
    this.#tries += 1;
    return { isOne: false, behind: this.#tries % (TRIES + 1) ? behind : [] };
  }
}

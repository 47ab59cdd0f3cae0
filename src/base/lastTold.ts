/** Remembers what somebody was told last, so that the same is not told again: each telling costs a message or a repaint. */
export class LastTold {
  #text: string | undefined;

  /**
   * Whether something is not what was told last; it is what was told last from then on.
   * @param value plain JSON
   */
  isNews(value: unknown): boolean {
    const text = JSON.stringify(value);
    if (text === this.#text) return false;
    this.#text = text;
    return true;
  }

  /** Whatever comes next is news. */
  forget(): void {
    this.#text = undefined;
  }
}

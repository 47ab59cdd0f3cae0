/** Allows at most so many restarts in a time; asked once per crash. */
export class RestartPolicy {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  #restarts: number[] = [];

  /**
   * @param limit most restarts within the window
   * @param windowMs length of the window in milliseconds
   * @param now clock in milliseconds
   */
  constructor(limit: number, windowMs: number, now: () => number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** Counts one more restart when it is allowed. */
  mayRestart(): boolean {
    const now = this.#now();
    this.#restarts = this.#restarts.filter((time) => now - time < this.#windowMs);
    if (this.#restarts.length >= this.#limit) return false;
    this.#restarts.push(now);
    return true;
  }

  /** Forgets the past: the user asked for a restart. */
  reset(): void {
    this.#restarts = [];
  }
}

/** How many use each of some things, so that what is first used, and used no more, is known at the cost of the change. */
export class UseCounts<T> {
  readonly #idOf: (item: T) => string;
  readonly #counts = new Map<string, number>();

  /** @param idOf things with the same id are the same */
  constructor(idOf: (item: T) => string) {
    this.#idOf = idOf;
  }

  /**
   * One user goes over from some things to others.
   * @returns what nobody used before, and what nobody uses any more
   */
  replace(before: Iterable<T>, now: Iterable<T>): { readonly added: readonly T[]; readonly removed: readonly T[] } {
    const [old, next] = [this.#byId(before), this.#byId(now)];
    const added: T[] = [];
    const removed: T[] = [];
    for (const [id, item] of next) {
      if (old.has(id)) continue;
      const count = this.#counts.get(id) ?? 0;
      this.#counts.set(id, count + 1);
      if (count === 0) added.push(item);
    }
    for (const [id, item] of old) {
      if (next.has(id)) continue;
      const count = (this.#counts.get(id) ?? 0) - 1;
      if (count > 0) this.#counts.set(id, count);
      else {
        this.#counts.delete(id);
        removed.push(item);
      }
    }
    return { added, removed };
  }

  #byId(items: Iterable<T>): ReadonlyMap<string, T> {
    const byId = new Map<string, T>();
    for (const item of items) byId.set(this.#idOf(item), item);
    return byId;
  }
}

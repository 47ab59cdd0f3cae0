/**
 * Who wants to hear of what: many ids, nearly all with a single receiver, so that one is kept as it is and only several as a set.
 * Ids are kept as they come, without a copy.
 */
export class Receivers<Receiver> {
  readonly #byId = new Map<string, Receiver | Set<Receiver>>();

  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  add(id: string, receiver: Receiver): void {
    const known = this.#byId.get(id);
    if (known === undefined) this.#byId.set(id, receiver);
    else if (known instanceof Set) known.add(receiver);
    else if (known !== receiver) this.#byId.set(id, new Set([known, receiver]));
  }

  delete(id: string, receiver: Receiver): void {
    const known = this.#byId.get(id);
    if (known === receiver) this.#byId.delete(id);
    if (!(known instanceof Set)) return;
    known.delete(receiver);
    if (known.size === 0) this.#byId.delete(id);
  }

  /** The receivers of an id, in the order in which they came. */
  of(id: string): Iterable<Receiver> {
    const known = this.#byId.get(id);
    if (known === undefined) return [];
    return known instanceof Set ? known : [known];
  }
}

import type { JsonValue } from '../../../src/engine/model/json.ts';
import type { SeededRandom } from './randomEdits.ts';

/** JSON in the making. */
export type Draft = Record<string, JsonValue>;

/** Draws values; every decision comes from the seed. */
export class Generator {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Heads or tails. */
  maybe(): boolean {
    return this.#random.below(2) === 0;
  }

  /** One of several. */
  one<T>(...of: readonly [T, ...T[]]): T {
    return of[this.#random.below(of.length)] ?? of[0];
  }

  /** Some of several, in their order. */
  some<T>(...of: readonly T[]): T[] {
    return of.filter(() => this.maybe());
  }

  /** A field that is there, empty, null, or absent. */
  put(target: Draft, name: string, ...values: readonly [JsonValue, ...JsonValue[]]): void {
    if (this.maybe()) target[name] = this.one(...values);
  }
}

import type { Disposable } from '../../base/lifecycle.ts';
import type { WatchCache } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { keyString, type KubeObject } from '../model/objects.ts';
import type { OwnerMark } from '../model/states.ts';

/** A mark as one text, for maps. */
export function markId({ owner, name }: OwnerMark): string {
  return `${owner}\n${name}`;
}

/** The watched objects of one cluster by the owner's mark that they carry; as current as the watch, and no dearer than its changes. */
export class MarkedObjects implements Disposable {
  readonly #markByKey = new Map<string, string>();
  readonly #keysByMark = new Map<string, Set<string>>();
  readonly #subscription: Disposable;

  /** @param watches before their first list, or what is there already stays unknown */
  constructor(watches: Pick<WatchCache, 'onDidChange'>) {
    this.#subscription = watches.onDidChange((changes) => {
      for (const { key, object } of changes) this.#set(keyString(key), object);
    });
  }

  /** `keyString`s of the objects that carry one of these marks. */
  keysOf(marks: Iterable<string>): readonly string[] {
    return [...marks].flatMap((mark) => [...(this.#keysByMark.get(mark) ?? [])]);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#markByKey.clear();
    this.#keysByMark.clear();
  }

  #set(key: string, object: KubeObject | undefined): void {
    const mark = object === undefined ? undefined : ownerMarkOf(object);
    const next = mark === undefined ? undefined : markId(mark);
    const before = this.#markByKey.get(key);
    if (before === next) return;
    if (before !== undefined) {
      const keys = this.#keysByMark.get(before);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysByMark.delete(before);
      this.#markByKey.delete(key);
    }
    if (next === undefined) return;
    this.#markByKey.set(key, next);
    const keys = this.#keysByMark.get(next);
    if (keys === undefined) this.#keysByMark.set(next, new Set([key]));
    else keys.add(key);
  }
}

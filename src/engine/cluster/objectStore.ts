import { arrayAt, jsonEqual, stringAt } from '../model/json.ts';
import { type KubeObject, nameOf, namespaceOf, type ObjectKey } from '../model/objects.ts';
import type { ObjectChange } from './api.ts';

/** Group, version and kind as far as the store needs them. */
export interface StoredKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** One object held. */
export interface StoredEntry {
  readonly key: ObjectKey;
  readonly version: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly object: KubeObject;
  readonly isFull: boolean;
}

/** Objects by kind, version, namespace and name, by uid, and by the uid of their owners. Knows nothing of where they come from. */
export class ObjectStore {
  /** `group/Kind` → version → `namespace/name` */
  readonly #kinds = new Map<string, Map<string, Map<string, StoredEntry>>>();
  /** `group/Kind|namespace` → name → the entry of each version */
  readonly #byNamespace = new Map<string, Map<string, StoredEntry[]>>();
  readonly #byUid = new Map<string, StoredEntry>();
  /** owner's uid → uids */
  readonly #children = new Map<string, Set<string>>();
  readonly #limit: number;

  /** @param limit most objects of one kind: beyond it those that changed longest ago are forgotten, and nobody is told */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** The entry of a key, at a version or at any. */
  get(key: ObjectKey, version?: string): StoredEntry | undefined {
    const versions = this.#kinds.get(`${key.group}/${key.kind}`);
    const place = placeOf(key);
    if (version !== undefined) return versions?.get(version)?.get(place);
    for (const entries of versions?.values() ?? []) {
      const entry = entries.get(place);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** The entries of a kind in one namespace, each object once. */
  inNamespace(group: string, kind: string, namespace: string): StoredEntry[] {
    return [...(this.#byNamespace.get(`${group}/${kind}|${namespace}`)?.values() ?? [])].flatMap(([first]) => first ?? []);
  }

  /** The versions at which objects of a kind are held. */
  versions(group: string, kind: string): readonly string[] {
    return [...(this.#kinds.get(`${group}/${kind}`)?.keys() ?? [])];
  }

  byUid(uid: string): StoredEntry | undefined {
    return this.#byUid.get(uid);
  }

  childrenOf(uid: string): StoredEntry[] {
    return [...(this.#children.get(uid) ?? [])].flatMap((child) => this.#byUid.get(child) ?? []);
  }

  /** The entries of a kind; of one version when given, else each object once. */
  entries(group: string, kind: string, version?: string): StoredEntry[] {
    const versions = this.#kinds.get(`${group}/${kind}`);
    if (versions === undefined) return [];
    if (version !== undefined) return [...(versions.get(version)?.values() ?? [])];
    if (versions.size === 1) return [...versions.values()].flatMap((entries) => [...entries.values()]);
    const once = new Map<string, StoredEntry>();
    for (const entries of versions.values()) for (const [place, entry] of entries) if (!once.has(place)) once.set(place, entry);
    return [...once.values()];
  }

  /**
   * Puts an object in.
   * @returns the change, or undefined when the same resourceVersion was there already in the same completeness. The server may read one
   * resourceVersion in another way once its kind is defined otherwise (new defaults): in full, the same is what has the same content.
   */
  upsert(kind: StoredKind, object: KubeObject, isFull: boolean): ObjectChange | undefined {
    const key: ObjectKey = { group: kind.group, kind: kind.kind, namespace: namespaceOf(object), name: nameOf(object) };
    const before = this.get(key, kind.version);
    const uid = stringAt(object.metadata, 'uid') ?? '';
    const resourceVersion = stringAt(object.metadata, 'resourceVersion') ?? '';
    const isSame = before?.uid === uid && before.resourceVersion === resourceVersion && before.isFull === isFull;
    if (isSame && (!isFull || jsonEqual(before.object, object))) return undefined;
    if (before !== undefined) this.#unlink(before);
    const entry: StoredEntry = { key, version: kind.version, uid, resourceVersion, object, isFull };
    const versions = this.#kinds.get(`${kind.group}/${kind.kind}`) ?? new Map<string, Map<string, StoredEntry>>();
    this.#kinds.set(`${kind.group}/${kind.kind}`, versions);
    const entries = versions.get(kind.version) ?? new Map<string, StoredEntry>();
    versions.set(kind.version, entries);
    if (this.#limit !== Number.POSITIVE_INFINITY) entries.delete(placeOf(key));
    entries.set(placeOf(key), entry);
    this.#place(before, entry);
    this.#link(entry);
    const oldest = entries.size > this.#limit ? entries.values().next().value : undefined;
    if (oldest !== undefined) this.remove(kind, oldest.key);
    return { type: before === undefined ? 'added' : 'modified', key, uid, object };
  }

  /** Takes an object out; undefined when it was not there. */
  remove(kind: StoredKind, key: ObjectKey): ObjectChange | undefined {
    const versions = this.#kinds.get(`${kind.group}/${kind.kind}`);
    const entries = versions?.get(kind.version);
    const entry = entries?.get(placeOf(key));
    if (versions === undefined || entries === undefined || entry === undefined) return undefined;
    entries.delete(placeOf(key));
    if (entries.size === 0) versions.delete(kind.version);
    if (versions.size === 0) this.#kinds.delete(`${kind.group}/${kind.kind}`);
    this.#place(entry, undefined);
    this.#unlink(entry);
    // The object may be watched at another version too.
    const other = this.get(entry.key);
    if (other?.uid === entry.uid) this.#link(other);
    return { type: 'deleted', key: entry.key, uid: entry.uid };
  }

  /** Puts an entry in the place of another of the same key and version. */
  #place(before: StoredEntry | undefined, now: StoredEntry | undefined): void {
    const key = (now ?? before)?.key;
    if (key === undefined) return;
    const id = `${key.group}/${key.kind}|${key.namespace}`;
    const names = this.#byNamespace.get(id) ?? new Map<string, StoredEntry[]>();
    this.#byNamespace.set(id, names);
    const others = (names.get(key.name) ?? []).filter((entry) => entry !== before);
    const entries = now === undefined ? others : [...others, now];
    if (entries.length > 0) names.set(key.name, entries);
    else names.delete(key.name);
    if (names.size === 0) this.#byNamespace.delete(id);
  }

  #link(entry: StoredEntry): void {
    this.#byUid.set(entry.uid, entry);
    for (const owner of ownersOf(entry.object)) {
      const children = this.#children.get(owner) ?? new Set();
      this.#children.set(owner, children.add(entry.uid));
    }
  }

  #unlink(entry: StoredEntry): void {
    if (this.#byUid.get(entry.uid) === entry) this.#byUid.delete(entry.uid);
    for (const owner of ownersOf(entry.object)) {
      const children = this.#children.get(owner);
      children?.delete(entry.uid);
      if (children?.size === 0) this.#children.delete(owner);
    }
  }
}

function placeOf(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}

/** An event stands below the object that it is about. */
function ownersOf(object: KubeObject): string[] {
  const about = object.kind === 'Event' ? stringAt(object, 'involvedObject', 'uid') : undefined;
  if (about !== undefined) return [about];
  return arrayAt(object.metadata, 'ownerReferences').flatMap((reference) => stringAt(reference, 'uid') ?? []);
}

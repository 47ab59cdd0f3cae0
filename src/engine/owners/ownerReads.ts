import { raceWithSignal } from '../../base/async.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { stringAt } from '../model/json.ts';
import { type GroupVersionKind, keyString, type KubeObject, type ObjectKey } from '../model/objects.ts';
import type { OwnerSource } from '../model/ownerView.ts';

/** What the server said when it was asked for owners' objects: empty where there is none. */
export interface ReadAnswer {
  readonly objects: readonly KubeObject[];
  /** this user may not read it, so nobody knows whether it is there */
  readonly isForbidden?: true;
}

interface Read {
  readonly readAtMs: number;
  /** a change of it was seen */
  isOutdated?: boolean;
  readonly answer: Promise<ReadAnswer>;
}

/** a change of an object counts after this time at the latest, unless another is given */
const usualLifetimeMs = 15_000;
/** while the server fails, what it said last holds for so long */
const graceMs = 60_000;
const maximumReads = 2_000;

/** The connection itself is gone: its state says so, and everything that was read over it stands as it was. */
const LOST = new Set([
  'unreachable',
  'timed-out',
  'tls-failed',
  'connection-closed',
  'unauthorized',
  'sign-in-needed',
  'workspace-untrusted',
]);

/**
 * Reads of owners' objects, each kept for a short time. Only an answer of the server says that something is not there: where none comes,
 * the question fails, and the next one asks again.
 */
export class OwnerReads {
  readonly #reads = new WeakMap<ClusterConnection, Map<string, Read>>();
  readonly #watched = new WeakMap<ClusterConnection, ReadonlySet<string>>();
  readonly #now: () => number;

  readonly #lifetimeMs: number;

  /**
   * @param now epoch milliseconds
   * @param lifetimeMs how long an answer holds
   */
  constructor(now: () => number, lifetimeMs: number = usualLifetimeMs) {
    this.#now = now;
    this.#lifetimeMs = lifetimeMs;
  }

  /**
   * One object.
   * @throws AppError `owner-read-failed` when the server has no answer; as the connection does when that is gone
   */
  get(connection: ClusterConnection, gvk: GroupVersionKind, namespace: string, name: string, signal: AbortSignal): Promise<ReadAnswer> {
    const key = { group: gvk.group, kind: gvk.kind, namespace, name };
    const what = `${gvk.kind} ${namespace}/${name}`;
    return this.ask(connection, keyString(key), what, async () => [await connection.get(gvk, key)], signal);
  }

  /**
   * What a read gives, or gave a short time ago.
   * @param id of the question within its connection
   * @param what is read, for the words of a failure
   * @throws as {@link get}
   */
  ask(
    connection: ClusterConnection,
    id: string,
    what: string,
    read: () => Promise<readonly KubeObject[]>,
    signal: AbortSignal,
  ): Promise<ReadAnswer> {
    const reads = this.#reads.get(connection) ?? new Map<string, Read>();
    this.#reads.set(connection, reads);
    const known = reads.get(id);
    if (known !== undefined && this.#isFresh(connection, id, known)) return raceWithSignal(known.answer, signal);
    if (reads.size >= maximumReads) reads.clear();
    // No caller's signal: several wait for the same answer.
    const answer = read().then(
      (objects): ReadAnswer => ({ objects }),
      (error: unknown): ReadAnswer | Promise<ReadAnswer> => {
        if (isAppError(error, 'not-found', 'unknown-kind', 'namespace-missing')) return { objects: [] };
        if (isAppError(error, 'forbidden')) return { objects: [], isForbidden: true };
        reads.delete(id);
        if (known === undefined || known.isOutdated === true || this.#now() - known.readAtMs >= graceMs)
          throw failureOf(error, connection, what);
        reads.set(id, known);
        return known.answer;
      },
    );
    answer.catch(() => undefined);
    reads.set(id, { readAtMs: this.#now(), answer });
    return raceWithSignal(answer, signal);
  }

  /** Names what a watch covers (`keyString`): such an object is read once, and again when {@link reread} is called for it. */
  setWatched(connection: ClusterConnection, keys: ReadonlySet<string>): void {
    this.#watched.set(connection, keys);
  }

  /** Whether an object is still what was read of it. @param resourceVersion what a watch has of it; undefined: it is not there */
  async isCurrent(connection: ClusterConnection, key: ObjectKey, resourceVersion: string | undefined): Promise<boolean> {
    const answer = await this.#reads
      .get(connection)
      ?.get(keyString(key))
      ?.answer.catch(() => undefined);
    return answer !== undefined && stringAt(answer.objects[0]?.metadata, 'resourceVersion') === resourceVersion;
  }

  /**
   * Reads an object anew.
   * @returns what it was, as far as it had been read, and what it is
   * @throws as {@link get}
   */
  async reread(
    connection: ClusterConnection,
    { gvk, key }: OwnerSource,
    signal: AbortSignal,
  ): Promise<{ readonly before: KubeObject | undefined; readonly after: KubeObject | undefined }> {
    const known = this.#reads.get(connection)?.get(keyString(key));
    if (known !== undefined) known.isOutdated = true;
    const before = await known?.answer.catch(() => undefined);
    const after = await this.get(connection, gvk, key.namespace, key.name, signal);
    return { before: before?.objects[0], after: after.objects[0] };
  }

  #isFresh(connection: ClusterConnection, id: string, { readAtMs, isOutdated }: Read): boolean {
    if (isOutdated === true) return false;
    return this.#now() - readAtMs < this.#lifetimeMs || this.#watched.get(connection)?.has(id) === true;
  }
}

/** A failed read in the words of whoever needs it. A lost connection stays what it is, and so does what is no AppError. */
export function failureOf(error: unknown, { context }: ClusterConnection, what: string): unknown {
  if (!isAppError(error) || error.code === READ_FAILED || LOST.has(error.code)) return error;
  return new AppError(READ_FAILED, { what, context, problem: String(error.details['message'] ?? error.code) }, { cause: error });
}

/** Code of a read of an owner's object, or of its record, that had no answer: what it owns cannot be compared until it has one. */
export const READ_FAILED = 'owner-read-failed';

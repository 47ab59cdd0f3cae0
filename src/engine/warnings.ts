import { raceWithSignal } from '../base/async.ts';
import type { ClusterConnection } from './cluster/api.ts';
import { stringAt } from './model/json.ts';
import { type KubeObject, namespaceOf } from './model/objects.ts';

interface Read {
  readonly untilMs: number;
  readonly byUid: Promise<ReadonlyMap<string, readonly KubeObject[]>>;
}

const CLAIM = 'PersistentVolumeClaim';
const EVENT = { group: '', version: 'v1', kind: 'Event' };
/** one list per namespace in this time, however many objects ask */
const lifetimeMs = 5_000;
/** a namespace whose events cannot be read is not asked again for so long */
const refusedMs = 60_000;

/**
 * Events of namespaces that tell what is wrong, by the object that they are about: warnings, and all of volume claims, whose binder warns
 * of nothing (`FailedBinding` and `WaitForFirstConsumer` are normal events). Read when an unhealthy object asks, and kept for a short time.
 */
export class Warnings {
  readonly #reads = new WeakMap<ClusterConnection, Map<string, Read>>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Events of the namespace of an object by uid; empty where they may not be read.
   */
  async near(connection: ClusterConnection, object: KubeObject, signal: AbortSignal): Promise<ReadonlyMap<string, readonly KubeObject[]>> {
    const fieldSelector = object.kind === CLAIM ? `involvedObject.kind=${CLAIM}` : 'type=Warning';
    const reads = this.#reads.get(connection) ?? new Map<string, Read>();
    this.#reads.set(connection, reads);
    // Events of cluster-scoped objects stand in the namespace default.
    const namespace = namespaceOf(object) === '' ? 'default' : namespaceOf(object);
    const place = `${namespace} ${fieldSelector}`;
    const known = reads.get(place);
    if (known !== undefined && this.#now() < known.untilMs) return raceWithSignal(known.byUid, signal);
    const byUid = connection.list(EVENT, { namespace, fieldSelector }).then(grouped, () => {
      reads.set(place, { untilMs: this.#now() + refusedMs, byUid: Promise.resolve(new Map()) });
      return new Map<string, readonly KubeObject[]>();
    });
    reads.set(place, { untilMs: this.#now() + lifetimeMs, byUid });
    return raceWithSignal(byUid, signal);
  }
}

function grouped(events: readonly KubeObject[]): ReadonlyMap<string, readonly KubeObject[]> {
  const byUid = new Map<string, KubeObject[]>();
  for (const event of events) {
    const uid = stringAt(event, 'involvedObject', 'uid') ?? '';
    const known = byUid.get(uid);
    if (known === undefined) byUid.set(uid, [event]);
    else known.push(event);
  }
  return byUid;
}

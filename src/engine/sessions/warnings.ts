import { raceWithSignal } from '../../base/async.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { stringAt } from '../model/json.ts';
import { type KubeObject, namespaceOf } from '../model/objects.ts';

interface Read {
  untilMs: number;
  readonly byUid: Promise<ReadonlyMap<string, readonly KubeObject[]>>;
  /** what was found, and how often in a row the same */
  found?: string;
  timesSame: number;
}

const CLAIM = 'PersistentVolumeClaim';
const EVENT = { group: '', version: 'v1', kind: 'Event' };
/** one list per namespace in this time, however many objects ask; twice as long each time that nothing is new */
const lifetimeMs = 5_000;
/** the longest of these times, and how long a namespace whose events cannot be read is left alone */
const longestMs = 60_000;

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
    const listed = connection.list(EVENT, { namespace, fieldSelector });
    const byUid = listed.then(grouped, () => new Map<string, readonly KubeObject[]>());
    const read: Read = { untilMs: Number.POSITIVE_INFINITY, byUid, timesSame: 0 };
    reads.set(place, read);
    listed.then(
      (events) => {
        read.found = events.map(({ metadata }) => stringAt(metadata, 'resourceVersion') ?? '').join();
        read.timesSame = read.found === known?.found ? known.timesSame + 1 : 0;
        read.untilMs = this.#now() + Math.min(lifetimeMs * 2 ** read.timesSame, longestMs);
      },
      () => {
        read.untilMs = this.#now() + longestMs;
      },
    );
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

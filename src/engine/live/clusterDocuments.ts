import { AppError } from '../../base/errors.ts';
import type { ClusterConnection, ClusterPool } from '../cluster/api.ts';
import type { ClusterHub } from './clusterHub.ts';
import { maskSecrets } from '../compare/mask.ts';
import { stringAt, valueAt } from '../model/json.ts';
import { gvkOf, type KubeObject, nameOf, parseApiVersion, parseKeyString } from '../model/objects.ts';
import { reasonOf } from '../model/reasons.ts';
import type { SideDocument } from '../model/snapshot.ts';
import { failed } from '../sessions/sideDocuments.ts';
import { toYamlText } from '../editor/yamlText.ts';

/** Read-only texts straight from a cluster: one object, its events, a container's log. */
export class ClusterDocuments {
  readonly #hub: ClusterHub;

  constructor(hub: ClusterHub) {
    this.#hub = hub;
  }

  /** A live object in full as YAML, managedFields left out, Secrets masked. */
  liveYaml(context: string, apiVersion: string, key: string, signal: AbortSignal): Promise<SideDocument> {
    return this.#answer(context, signal, async (connection) => {
      const objectKey = parseKeyString(key);
      const live = await connection.get({ ...parseApiVersion(apiVersion), kind: objectKey.kind }, objectKey, { signal });
      const { managedFields: _who, ...metadata } = live.metadata;
      return toYamlText(maskSecrets({ ...live, metadata }));
    });
  }

  /** The events about a watched object, newest last, one line each. */
  events(context: string, key: string, signal: AbortSignal): Promise<SideDocument> {
    return this.#answer(context, signal, async (connection) => {
      const objectKey = parseKeyString(key);
      const object = connection.watches.get(objectKey);
      const uid = object === undefined ? undefined : stringAt(object.metadata, 'uid');
      if (uid === undefined)
        throw new AppError('not-found', { kind: objectKey.kind, name: objectKey.name, namespace: objectKey.namespace });
      const events = await connection.events({ namespace: objectKey.namespace, uid }, { signal });
      return events.length === 0 ? 'No events are recorded for this object.\n' : `${events.map((event) => eventLine(event)).join('\n')}\n`;
    });
  }

  /** The last lines of a container's log. */
  logs(
    target: { context: string; namespace: string; pod: string; container: string; tailLines: number },
    signal: AbortSignal,
  ): Promise<SideDocument> {
    const { context, namespace, pod, container, tailLines } = target;
    return this.#answer(context, signal, (connection) => connection.podLogs({ namespace, name: pod, container }, { tailLines, signal }));
  }

  /** Names of the namespaces of a cluster that no application may use yet. */
  async namespaces(context: string, pool: ClusterPool, signal: AbortSignal): Promise<readonly string[]> {
    const lease = await pool.acquire(context);
    try {
      await lease.connection.ready(signal);
      const objects = await lease.connection.list({ group: '', version: 'v1', kind: 'Namespace' }, { metadataOnly: true, signal });
      return objects.map((object) => nameOf(object)).sort();
    } finally {
      lease.dispose();
    }
  }

  async #answer(context: string, signal: AbortSignal, text: (connection: ClusterConnection) => Promise<string>): Promise<SideDocument> {
    const connection = this.#hub.existing(context);
    if (connection === undefined) return failed('cluster-not-connected', { context });
    try {
      return { text: await text(connection), exists: true };
    } catch (error) {
      signal.throwIfAborted();
      const { code, details } = reasonOf(error);
      return failed(code, details);
    }
  }
}

function eventLine(event: KubeObject): string {
  const time = stringAt(event, 'lastTimestamp') ?? stringAt(event, 'eventTime') ?? stringAt(event, 'firstTimestamp') ?? '';
  const count = valueAt(event, 'count') ?? valueAt(event, 'series', 'count');
  const times = typeof count === 'number' && count > 1 ? ` (${String(count)} times)` : '';
  const source = stringAt(event, 'reportingComponent') ?? stringAt(event, 'source', 'component') ?? '';
  const kind = gvkOf(event).kind === 'Event' ? (stringAt(event, 'type') ?? '') : '';
  return `${time}  ${kind.padEnd(7)}  ${stringAt(event, 'reason') ?? ''}: ${stringAt(event, 'message') ?? ''}${times}  ${source}`;
}

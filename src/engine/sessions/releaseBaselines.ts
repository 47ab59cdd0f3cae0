import { raceWithSignal } from '../../base/async.ts';
import { isAppError } from '../../base/errors.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { deployedReleaseSelector, newestDeployed, releaseBaseline } from '../drift/helmRelease.ts';
import type { Baseline } from '../drift/judgement.ts';
import { failureOf, OwnerReads } from '../owners/ownerReads.ts';
import { arrayAt, stringAt } from '../model/json.ts';
import { annotationsOf, isKubeObject, type KubeObject, labelsOf, type ObjectKey } from '../model/objects.ts';
import type { ParsedDocument } from '../model/render.ts';

/** What reading releases needs of the renderer: YAML as Helm reads it. */
export interface ManifestParser {
  parse(file: string, text: Uint8Array, options: { readonly signal: AbortSignal }): Promise<readonly ParsedDocument[]>;
}

interface Release {
  readonly readAtMs: number;
  /** undefined: there is none, or it may not be read; rejected: the server did not say */
  readonly objects: Promise<readonly KubeObject[] | undefined>;
}

const SECRETS = { group: '', version: 'v1', kind: 'Secret' };
const LIFETIME_MS = 10 * 60_000;
const FAILURE_LIFETIME_MS = 60_000;
const MAX_RELEASES = 100;

/**
 * What Helm applied last, from its newest deployed release: one list of Secrets per release, kept until Helm writes again. The manifests
 * may hold Secrets: they stay in memory.
 */
export class ReleaseBaselines {
  readonly #parser: ManifestParser;
  readonly #now: () => number;
  readonly #releases = new Map<string, Release>();
  /** which releases a namespace has */
  readonly #names: OwnerReads;
  readonly #ended: AbortSignal;

  /**
   * @param ended fires when nobody needs a release any more: reading one is not one caller's alone
   * @param now epoch milliseconds
   */
  constructor(parser: ManifestParser, ended: AbortSignal, now: () => number = Date.now) {
    this.#parser = parser;
    this.#ended = ended;
    this.#now = now;
    this.#names = new OwnerReads(now, FAILURE_LIFETIME_MS);
  }

  /**
   * The baseline of an object that Helm made, by the object's marks, or by the releases of its namespace where Helm wrote it and its marks
   * are gone; undefined for others, and where the release may not be read.
   * @throws AppError `owner-read-failed` while the server does not say what the release is
   */
  async of(connection: ClusterConnection, key: ObjectKey, live: KubeObject, signal: AbortSignal): Promise<Baseline | undefined> {
    const writtenAtMs = lastHelmWriteMs(live);
    const name = annotationsOf(live)['meta.helm.sh/release-name'];
    const isMarked = name !== undefined && (writtenAtMs > 0 || labelsOf(live)['app.kubernetes.io/managed-by'] === 'Helm');
    const namespace = annotationsOf(live)['meta.helm.sh/release-namespace'] ?? key.namespace;
    if (isMarked) return this.#baseline(connection, namespace, name, key, writtenAtMs, signal);
    if (writtenAtMs === 0 || key.namespace === '' || ownerMarkOf(live) !== undefined) return undefined;
    for (const release of await this.#releasesIn(connection, key.namespace, signal)) {
      const baseline = await this.#baseline(connection, key.namespace, release, key, writtenAtMs, signal);
      if (baseline?.object !== undefined) return baseline;
    }
    return undefined;
  }

  async #baseline(
    connection: ClusterConnection,
    namespace: string,
    name: string,
    key: ObjectKey,
    writtenAtMs: number,
    signal: AbortSignal,
  ): Promise<Baseline | undefined> {
    const objects = await raceWithSignal(this.#read(connection, namespace, name, writtenAtMs), signal);
    return objects === undefined ? undefined : { ...releaseBaseline(objects, key, namespace), release: name };
  }

  /** The releases of a namespace, kept for a short time: one list of metadata, however many objects ask. */
  async #releasesIn(connection: ClusterConnection, namespace: string, signal: AbortSignal): Promise<readonly string[]> {
    const options = { namespace, labelSelector: 'owner=helm,status=deployed', metadataOnly: true, signal: this.#ended };
    const list = (): Promise<readonly KubeObject[]> => connection.list(SECRETS, options);
    const id = `${connection.uid ?? ''} ${namespace}`;
    const { objects } = await this.#names.ask(connection, id, `The Helm releases of ${namespace}`, list, signal);
    return objects.flatMap((secret) => labelsOf(secret)['name'] ?? []);
  }

  #read(connection: ClusterConnection, namespace: string, name: string, writtenAtMs: number): Promise<readonly KubeObject[] | undefined> {
    const id = `${connection.context}\n${connection.uid ?? ''}\n${namespace}\n${name}`;
    const known = this.#releases.get(id);
    // managedFields count whole seconds.
    if (known !== undefined && this.#now() - known.readAtMs < LIFETIME_MS && writtenAtMs + 1000 < known.readAtMs) return known.objects;
    const release: Release = { readAtMs: this.#now(), objects: this.#list(connection, namespace, name) };
    this.#releases.set(id, release);
    const forget = (): void => {
      if (this.#releases.get(id) === release) this.#releases.delete(id);
    };
    release.objects.then((objects) => {
      if (objects !== undefined) return;
      this.#releases.set(id, { ...release, readAtMs: this.#now() - LIFETIME_MS + FAILURE_LIFETIME_MS });
    }, forget);
    for (const oldest of this.#releases.keys()) {
      if (this.#releases.size <= MAX_RELEASES) break;
      this.#releases.delete(oldest);
    }
    return release.objects;
  }

  async #list(connection: ClusterConnection, namespace: string, name: string): Promise<readonly KubeObject[] | undefined> {
    const signal = this.#ended;
    try {
      const secrets = await connection.list(SECRETS, { namespace, labelSelector: deployedReleaseSelector(name), signal });
      const release = newestDeployed(secrets);
      if (release === undefined) return undefined;
      const documents = await this.#parser.parse(`release ${name}`, new TextEncoder().encode(release.manifest), { signal });
      return documents.flatMap(({ value }) => (value !== undefined && isKubeObject(value) ? [value] : []));
    } catch (error) {
      if (isAppError(error, 'forbidden', 'not-found', 'namespace-missing')) return undefined;
      throw failureOf(error, connection, `The release ${namespace}/${name}`);
    }
  }
}

/** When Helm wrote an object last, epoch milliseconds; 0 when nothing tells. */
function lastHelmWriteMs(live: KubeObject): number {
  let last = 0;
  for (const entry of arrayAt(live.metadata, 'managedFields')) {
    const manager = stringAt(entry, 'manager');
    if (manager !== 'helm' && manager !== 'helm-controller') continue;
    last = Math.max(last, Date.parse(stringAt(entry, 'time') ?? '') || 0);
  }
  return last;
}

import { isAppError } from '../../base/errors.ts';
import type { ArgoProject } from '../apps/argocd/forecast.ts';
import { globalProjectsOf } from '../apps/argocd/globalProjects.ts';
import { openGate, syncGate, type SyncGate } from '../apps/argocd/syncWindows.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { arrayAt, type JsonValue, stringAt } from '../model/json.ts';
import { type KubeObject, labelsOf, namespaceOf } from '../model/objects.ts';
import type { OwnerSource } from '../model/ownerView.ts';
import { type OwnerReads, READ_FAILED, type ReadAnswer } from './ownerReads.ts';

const PROJECT = { group: 'argoproj.io', version: 'v1alpha1', kind: 'AppProject' };

/** What the AppProject of an Application says of when it syncs. */
export interface FoundProject extends ArgoProject {
  /** what it was read from: what comes there counts */
  readonly sources: readonly OwnerSource[];
}

/** An Application with the cluster that it was found in, and the `argocd-cm` there. */
interface Asked {
  readonly application: KubeObject;
  readonly home: ClusterConnection;
  readonly config: KubeObject | undefined;
}

interface Known {
  readonly projects: readonly KubeObject[];
  readonly gate: SyncGate;
}

/** while a project cannot be read, it is asked for again after this time */
const retryMs = 60_000;

/** The AppProjects of Applications, with the global projects that they inherit sync windows from. */
export class ArgoProjects {
  readonly #reads: OwnerReads;
  readonly #now: () => number;
  readonly #gates = new WeakMap<KubeObject, Known>();

  /** @param now epoch milliseconds: of the clock, since windows are about it */
  constructor(reads: OwnerReads, now: () => number = Date.now) {
    this.#reads = reads;
    this.#now = now;
  }

  /** The AppProject of an Application; undefined where the cluster does not know the kind. What has no answer now is not known. */
  async of({ application, home, config }: Asked, signal: AbortSignal): Promise<FoundProject | undefined> {
    if ((await home.discovery.resource(PROJECT, signal)) === undefined) return undefined;
    const namespace = stringAt(application, 'status', 'controllerNamespace') ?? namespaceOf(config ?? application);
    const wanted = stringAt(application, 'spec', 'project') ?? '';
    const name = wanted === '' ? 'default' : wanted;
    const about = { name: `AppProject ${namespace}/${name}`, gate: openGate };
    const read = (project: string): Promise<ReadAnswer> => this.#reads.get(home, PROJECT, namespace, project, signal);
    try {
      const { objects, isForbidden } = await read(name);
      const [own] = objects;
      if (isForbidden === true) return { ...about, access: 'forbidden', sources: [] };
      const inherited = own === undefined ? [] : globalProjectsOf(config, own);
      const sources = [name, ...inherited].map((project) => sourceOf(namespace, project));
      if (own === undefined) return { ...about, access: 'absent', sources };
      const projects = [own, ...(await Promise.all(inherited.map(read))).flatMap((answer) => answer.objects)];
      return { ...about, access: 'read', gate: this.#gateOf(application, projects), sources };
    } catch (error) {
      if (!isAppError(error, READ_FAILED)) throw error;
      return { ...about, access: 'forbidden', gate: { ...openGate, untilMs: this.#now() + retryMs }, sources: [] };
    }
  }

  /** Of an application with many objects the windows are worked out once. */
  #gateOf(application: KubeObject, projects: readonly KubeObject[]): SyncGate {
    const nowMs = this.#now();
    const known = this.#gates.get(application);
    const isSame = known?.projects.length === projects.length && projects.every((project, index) => known.projects[index] === project);
    if (known !== undefined && isSame && nowMs < (known.gate.untilMs ?? Number.POSITIVE_INFINITY)) return known.gate;
    const gate = syncGate(projects, application, nowMs);
    this.#gates.set(application, { projects, gate });
    return gate;
  }
}

/** What of an AppProject decides when its Applications sync. */
export function windowsOf(project: KubeObject | undefined): JsonValue {
  return project === undefined ? null : [arrayAt(project, 'spec', 'syncWindows'), { ...labelsOf(project) }];
}

function sourceOf(namespace: string, name: string): OwnerSource {
  return { gvk: PROJECT, key: { group: PROJECT.group, kind: PROJECT.kind, namespace, name } };
}

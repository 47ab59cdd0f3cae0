import type { Owner } from '../model/application.ts';
import type { FieldPath } from '../model/fieldPath.ts';
import { holdingOf, type ManagedEntry } from './fieldsV1.ts';
import { LAST_APPLIED } from './ownerMarks.ts';

/** What kind of program writes under a field manager's name. */
export type ManagerClass = 'person' | 'controller' | 'unknown';

/** Managers behind which a person acts: command lines, dashboards, and the web page of Argo CD. */
const PERSON =
  /^(kubectl|oc$|k9s|lens|openlens|freelens|headlamp|dashboard|kubernetes-dashboard|node-fetch|mozilla|curl|wget|rancher|argocd-server|octant|kubernetes-client)/i;

/** Names of controllers that do not tell so by a word of their name. */
const CONTROLLERS =
  /^(kubelet|kube-apiserver|apiserver|cloud-provider|pilot-discovery|istiod|cilium|calico|karpenter|keda|vpa|velero|speaker|glbc|external-(dns|secrets)|cert-manager|linkerd|reloader|rook|crossplane|glooe|gke|eks|aks|snapshot)/i;

/** Words within a name that say "controller"; `manager` is kubebuilder's default program name. */
const CONTROLLER_WORD =
  /(^|[-_./])(controller|controllers|operator|manager|scheduler|autoscaler|scaler|recommender|updater|cainjector|injector|webhook|admission|provisioner|attacher|resizer)($|[-_./])/i;

/** Tells people's tools from controllers by the field manager's name; names that say neither are `unknown`. */
export function classOfManager(manager: string): ManagerClass {
  if (PERSON.test(manager)) return 'person';
  return CONTROLLERS.test(manager) || CONTROLLER_WORD.test(manager) ? 'controller' : 'unknown';
}

/** Commands of kubectl, and k9s, that change objects and never make one. */
const EDITORS = /^(kubectl-(edit|patch|label|annotate|set|scale|rollout|autoscale|taint)|k9s)$/;

/** Whether a manager only ever edits what others made, so that it cannot be the one that applied an object. */
export function isEditor(manager: string): boolean {
  return EDITORS.test(manager);
}

/** Commands of kubectl that make objects, and never change one. */
const CREATORS = /^kubectl-(create|run|expose)$/;

/** Whether a manager only ever makes objects, so that its entry is the one that also lists the server's defaults. */
export function isCreator(manager: string): boolean {
  return CREATORS.test(manager);
}

/** Whether an entry writes through `/scale` on behalf of an autoscaler: controllers do, people's tools and scripts do not. */
export function isAutoscalerEntry(entry: ManagedEntry): boolean {
  return entry.subresource === 'scale' && classOfManager(entry.manager) === 'controller';
}

/** The manager as which an object is judged. */
export interface OwningManager {
  readonly manager: string;
  /** `Apply`: server-side apply. `Update`: client-side apply, Argo's default, Helm 3 */
  readonly operation: 'Apply' | 'Update';
  /** RFC 3339; time of the owner's last write */
  readonly time?: string;
}

/** Managers that apply by server-side apply, most telling first (engine.md §1.5). */
const APPLIERS = ['kustomize-controller', 'helm-controller', 'argocd-controller', 'plumbline', 'helm', 'kubectl'];
/** Managers that apply by patch or update. */
const UPDATERS = ['kubectl-client-side-apply', 'argocd-controller', 'helm', 'helm-controller', 'Go-http-client', 'before-first-apply'];

const LAST_APPLIED_PATH: FieldPath = [{ field: 'metadata' }, { field: 'annotations' }, { field: LAST_APPLIED }];

/**
 * Whether an owner is known to write nothing but what it applies. Who only made an object by hand (`kubectl create`, a web page) may have
 * given it values that never were in Git.
 */
export function isApplier({ manager, operation }: Pick<OwningManager, 'manager' | 'operation'>): boolean {
  return operation === 'Apply' || UPDATERS.includes(manager);
}

const BY_OWNER: Readonly<Record<Owner, readonly string[]>> = {
  argocd: ['argocd-controller'],
  flux: ['kustomize-controller', 'helm-controller'],
  helm: ['helm', 'helm-controller', 'Go-http-client'],
  plumbline: ['plumbline'],
  unmanaged: [],
};

/**
 * The manager that really owns an object, by its managedFields: the one that the application's owner writes as where it is there, else the
 * usual appliers by server-side apply, else those by update, else whoever created it.
 * @param entries of the live object
 * @param owners owners to prefer: the application's, then the one whose marks the object carries
 * @param hasLastApplied whether the object carries the last-applied annotation
 * @returns undefined when nothing on the object tells
 */
export function owningManager(
  entries: readonly ManagedEntry[],
  owners: readonly Owner[],
  hasLastApplied: boolean,
): OwningManager | undefined {
  const main = entries.filter((entry) => entry.subresource === '');
  const preferred = owners.flatMap((owner) => BY_OWNER[owner]);
  const find = (names: readonly string[], operation: 'Apply' | 'Update'): ManagedEntry | undefined => {
    for (const name of names) {
      const found = main.find((entry) => entry.manager === name && entry.operation === operation);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  // kubectl moves what client-side apply held to whoever applies on the server side next, the record included.
  const heir = main.find((entry) => entry.operation === 'Apply' && holdingOf(entry.fields, LAST_APPLIED_PATH) === 'whole');
  const known = find(preferred, 'Apply') ?? find(preferred, 'Update') ?? find(APPLIERS, 'Apply') ?? heir ?? find(UPDATERS, 'Update');
  if (known !== undefined) return owning(known);
  if (hasLastApplied) return { manager: 'kubectl-client-side-apply', operation: 'Update' };
  const applier = main.find((entry) => entry.operation === 'Apply' && classOfManager(entry.manager) !== 'controller');
  if (applier !== undefined) return owning(applier);
  const creator = oldest(main);
  return creator === undefined ? undefined : owning(creator);
}

function owning(entry: ManagedEntry): OwningManager {
  return { manager: entry.manager, operation: entry.operation, ...(entry.time === undefined ? {} : { time: entry.time }) };
}

function oldest(entries: readonly ManagedEntry[]): ManagedEntry | undefined {
  let first: ManagedEntry | undefined;
  for (const entry of entries) {
    if (classOfManager(entry.manager) === 'controller' || isEditor(entry.manager)) continue;
    if (first === undefined || (entry.time ?? '') < (first.time ?? '')) first = entry;
  }
  return first;
}

/**
 * Whether an entry is the owner's own. Controllers and Helm also keep entries of the other operation, from before they changed their way of
 * applying; `kubectl` with operation `Update` is somebody's other command.
 */
export function isOwnersEntry(entry: ManagedEntry, owner: OwningManager): boolean {
  if (entry.subresource !== '') return false;
  if (entry.manager === owner.manager) {
    return entry.operation === owner.operation || owner.manager === 'helm' || classOfManager(owner.manager) === 'controller';
  }
  return owner.manager === 'kubectl-client-side-apply' && entry.manager === 'before-first-apply';
}

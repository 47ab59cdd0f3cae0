import type { Owner } from '../model/application.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { annotationsOf, type KubeObject, labelsOf, nameOf, namespaceOf, parseApiVersion } from '../model/objects.ts';
import type { OwnerMark } from '../model/states.ts';

/** Annotation of client-side apply with the manifest as it was applied. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Pod template annotation by which `kubectl rollout restart` restarts Pods. */
export const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

const ARGO_TRACKING = 'argocd.argoproj.io/tracking-id';
const ARGO_INSTANCE_LABELS = ['argocd.argoproj.io/instance', 'app.kubernetes.io/instance'];
const ARGO_INSTALLATION = 'argocd.argoproj.io/installation-id';
const FLUX_KUSTOMIZE = 'kustomize.toolkit.fluxcd.io';
const FLUX_HELM = 'helm.toolkit.fluxcd.io';
const HELM_MANAGED_BY = 'app.kubernetes.io/managed-by';
const HELM_RELEASE = 'meta.helm.sh/release-name';
const HELM_RELEASE_NAMESPACE = 'meta.helm.sh/release-namespace';
/** Label of a member of an ApplySet; its value is the set's id (KEP-3659 as kubectl's `pkg/cmd/apply/applyset.go` writes it). */
export const APPLYSET_PART_OF = 'applyset.kubernetes.io/part-of';

/**
 * Who says, on a live object, that it is theirs; undefined when nobody does. Several marks: the controller's wins over the tool's that it
 * drives (Flux over Helm).
 * Sources: Argo CD docs/user-guide/resource_tracking.md, fluxcd/pkg ssa/manager.go, helm pkg/action/validate.go, KEP-3659 as kubectl writes it.
 */
export function ownerMarkOf(live: KubeObject): OwnerMark | undefined {
  const labels = labelsOf(live);
  const annotations = annotationsOf(live);
  const tracking = annotations[ARGO_TRACKING];
  if (tracking !== undefined) {
    const name = argoApplicationOf(tracking, live);
    if (name !== undefined) return { owner: 'argocd', name };
  }
  for (const prefix of [FLUX_KUSTOMIZE, FLUX_HELM]) {
    const name = labels[`${prefix}/name`];
    if (name !== undefined) return { owner: 'flux', name: `${labels[`${prefix}/namespace`] ?? ''}/${name}` };
  }
  const release = annotations[HELM_RELEASE];
  if (labels[HELM_MANAGED_BY] === 'Helm' && release !== undefined) return { owner: 'helm', name: release };
  const set = labels[APPLYSET_PART_OF];
  if (set !== undefined) return { owner: 'applyset', name: set };
  return argoByLabel(live);
}

/**
 * `<app>:<group>/<kind>:<namespace>/<name>`: counts only on the object that it names, since copies keep the annotation
 * (Argo CD util/argo/resource_tracking.go).
 */
function argoApplicationOf(tracking: string, live: KubeObject): string | undefined {
  const parts = tracking.split(':');
  // Names of RBAC objects may hold colons: the application is the first part, group and kind the second.
  const [application, type] = parts;
  const place = parts.slice(2).join(':');
  if (application === undefined || type === undefined) return undefined;
  const { group } = parseApiVersion(live.apiVersion);
  if (type !== `${group}/${live.kind}`) return undefined;
  const slash = place.indexOf('/');
  if (place.slice(slash + 1) !== nameOf(live)) return undefined;
  const namespace = place.slice(0, slash);
  // The namespace of a cluster-scoped object's tracking is the application's destination.
  if (namespaceOf(live) !== '' && namespace !== namespaceOf(live)) return undefined;
  return application;
}

/** Label tracking: `app.kubernetes.io/instance` is used by charts too, so it counts only where Argo CD's own manager wrote the object. */
function argoByLabel(live: KubeObject): OwnerMark | undefined {
  const labels = labelsOf(live);
  const own = labels['argocd.argoproj.io/instance'];
  if (own !== undefined) return { owner: 'argocd', name: own };
  const shared = labels['app.kubernetes.io/instance'];
  const entries = live.metadata['managedFields'];
  const isArgos = Array.isArray(entries) && entries.some((entry) => isJsonObject(entry) && entry['manager'] === 'argocd-controller');
  return shared !== undefined && isArgos ? { owner: 'argocd', name: shared } : undefined;
}

/** The owner behind a mark as an application's owner; an ApplySet's objects are applied by kubectl or by us. */
export function ownerOfMark(mark: OwnerMark | undefined): Owner | undefined {
  return mark === undefined || mark.owner === 'applyset' ? undefined : mark.owner;
}

const TOOL_LABELS = [
  HELM_MANAGED_BY,
  APPLYSET_PART_OF,
  ...ARGO_INSTANCE_LABELS,
  `${FLUX_KUSTOMIZE}/name`,
  `${FLUX_KUSTOMIZE}/namespace`,
  `${FLUX_HELM}/name`,
  `${FLUX_HELM}/namespace`,
];
const TOOL_ANNOTATIONS = [ARGO_TRACKING, ARGO_INSTALLATION, HELM_RELEASE, HELM_RELEASE_NAMESPACE];

/**
 * The desired object with the marks that its owner's tool adds while applying, taken from live: they are not in Git and no drift
 * (engine.md §1.4 #22). A mark that Git sets itself stays as Git has it, but for the label by which Argo CD tracks.
 */
export function withToolMarks(desired: KubeObject, live: KubeObject): KubeObject {
  const mark = ownerMarkOf(live) ?? restOfHelm(live);
  if (mark === undefined) return desired;
  const [wantedLabels, liveLabels] = [labelsOf(desired), labelsOf(live)];
  const labels = marksToAdd(TOOL_LABELS, wantedLabels, liveLabels, (name) => {
    const isFree = wantedLabels[name] === undefined || isTrackingLabel(mark, name, liveLabels[name]);
    return isFree && isMarkOf(mark, name);
  });
  const wantedAnnotations = annotationsOf(desired);
  const annotations = marksToAdd(
    TOOL_ANNOTATIONS,
    wantedAnnotations,
    annotationsOf(live),
    (name) => wantedAnnotations[name] === undefined && isMarkOf(mark, name),
  );
  if (labels === undefined && annotations === undefined) return desired;
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

/** Of Helm's label and annotations somebody took some away: what is left is Helm's, as long as Helm's own entry stands. */
function restOfHelm(live: KubeObject): OwnerMark | undefined {
  const release = annotationsOf(live)[HELM_RELEASE];
  if (labelsOf(live)[HELM_MANAGED_BY] !== 'Helm' && release === undefined) return undefined;
  const entries = live.metadata['managedFields'];
  const isHelms = Array.isArray(entries) && entries.some((entry) => isJsonObject(entry) && entry['manager'] === 'helm');
  return isHelms ? { owner: 'helm', name: release ?? '' } : undefined;
}

/** Argo CD writes its application's name over what Git has there (Argo CD util/argo/resource_tracking.go, SetAppInstance). */
function isTrackingLabel({ owner, name: application }: OwnerMark, label: string, value: string | undefined): boolean {
  return owner === 'argocd' && ARGO_INSTANCE_LABELS.includes(label) && value === application;
}

function isMarkOf(mark: OwnerMark, name: string): boolean {
  switch (mark.owner) {
    case 'argocd':
      return name.startsWith('argocd.argoproj.io/') || name === 'app.kubernetes.io/instance';
    case 'flux':
      return name.includes('.toolkit.fluxcd.io/') || name === HELM_MANAGED_BY || name.startsWith('meta.helm.sh/');
    case 'helm':
      return name === HELM_MANAGED_BY || name.startsWith('meta.helm.sh/');
    case 'applyset':
      return name === APPLYSET_PART_OF;
    default:
      return false;
  }
}

function marksToAdd(
  names: readonly string[],
  desired: Readonly<Record<string, string>>,
  live: Readonly<Record<string, string>>,
  isMark: (name: string) => boolean,
): JsonObject | undefined {
  const taken = names.filter((name) => live[name] !== undefined && live[name] !== desired[name] && isMark(name));
  return taken.length === 0 ? undefined : { ...desired, ...Object.fromEntries(taken.map((name) => [name, live[name]])) };
}

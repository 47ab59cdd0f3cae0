import { hasCompareOption } from '../apps/argocd/compareOptions.ts';
import { wantsConfirmation } from '../apps/argocd/pruneForecast.ts';
import { inventoryId } from '../apps/flux/rules.ts';
import type { WatchCache } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { ownerUids } from './desiredObjects.ts';
import { bareVerdict } from '../drift/outcome.ts';
import { annotationsOf, keyString, type KubeObject, labelsOf, type ObjectKey, parseKeyString } from '../model/objects.ts';
import type { OwnerMark, Reason, Verdict } from '../model/states.ts';
import { markId } from './markedObjects.ts';
import type { TrackedObject } from './trackedObject.ts';

/** A live object that carries an application's mark and that target does not have. */
export interface ExtraneousObject {
  readonly key: ObjectKey;
  readonly live: KubeObject;
  readonly mark: OwnerMark | undefined;
  readonly verdict: Verdict;
  /** whether and when its owner deletes it, as far as that is known */
  readonly forecast: readonly Reason[];
  /** `keyString` of the object by whose owner {@link forecast} is known */
  readonly witness?: string;
}

/** Kinds that the server makes from others, with their labels. */
const MADE_BY_SERVER = new Set([
  '/Endpoints',
  'discovery.k8s.io/EndpointSlice',
  '/Event',
  'events.k8s.io/Event',
  'metrics.k8s.io/PodMetrics',
]);

/**
 * The live objects of an application that are not in Git. Objects below others, hooks, and objects of other applications are none.
 * @param keys `keyString`s of live objects with the application's marks
 * @param tracked the application's desired objects by `keyString`
 */
export function extraneousOf(
  keys: readonly string[],
  tracked: ReadonlyMap<string, TrackedObject>,
  watches: Pick<WatchCache, 'get' | 'isFull'>,
): readonly ExtraneousObject[] {
  const witnesses = new Map<string, TrackedObject | undefined>();
  return keys.flatMap((id) => {
    if (tracked.has(id)) return [];
    const key = parseKeyString(id);
    const live = watches.get(key);
    // Held in full: another application desires it.
    if (live === undefined || watches.isFull(key) || MADE_BY_SERVER.has(`${key.group}/${key.kind}`)) return [];
    if (ownerUids(live).length > 0 || isHook(live) || hasCompareOption(live, 'IgnoreExtraneous')) return [];
    const mark = ownerMarkOf(live);
    const owner = mark === undefined ? '' : markId(mark);
    if (mark !== undefined && !witnesses.has(owner)) witnesses.set(owner, witnessOf(owner, tracked));
    const witness = witnesses.get(owner);
    const verdict = bareVerdict('extraneous', reasonFor(key, live, tracked), live);
    const known = witness === undefined ? {} : { witness: keyString(witness.key) };
    return [{ key, live, mark, verdict, forecast: forecastOf(live, witness), ...known }];
  });
}

/** An object of the same owner, whose view says what that does with objects which Git does not have. */
function witnessOf(owner: string, tracked: ReadonlyMap<string, TrackedObject>): TrackedObject | undefined {
  for (const object of tracked.values())
    if (object.view?.prune !== undefined && object.mark !== undefined && markId(object.mark) === owner) return object;
  return undefined;
}

function forecastOf(live: KubeObject, witness: TrackedObject | undefined): readonly Reason[] {
  const prune = witness?.view?.prune;
  if (prune === undefined || isKept(live)) return [];
  const { reason, also, onConfirm, unlisted } = prune;
  if (unlisted?.inventory.has(inventoryId(live)) === false) return [unlisted.reason];
  if (onConfirm !== undefined && wantsConfirmation(live)) return [onConfirm];
  return also === undefined ? [reason] : [reason, also];
}

function isHook(live: KubeObject): boolean {
  const annotations = annotationsOf(live);
  return annotations['helm.sh/hook'] !== undefined || annotations['argocd.argoproj.io/hook'] !== undefined;
}

function reasonFor(key: ObjectKey, live: KubeObject, tracked: ReadonlyMap<string, TrackedObject>): Reason {
  const details = { kind: key.kind, name: key.name };
  const renamed = renamedTo(key, tracked);
  if (renamed !== undefined) return { code: 'renamed-in-git', details: { ...details, newName: renamed } };
  return { code: isKept(live) ? 'kept-not-in-git' : 'not-in-git', details };
}

/** Annotations, and with Flux labels, by which the tools keep an object that is gone from Git. */
function isKept(live: KubeObject): boolean {
  const annotations = annotationsOf(live);
  return (
    annotations['helm.sh/resource-policy'] === 'keep' ||
    [annotations, labelsOf(live)].some((marks) => FLUX_KEEPS.some((mark) => marks[mark] === 'disabled')) ||
    /(^|,)\s*Prune=false\s*(,|$)/.test(annotations['argocd.argoproj.io/sync-options'] ?? '')
  );
}

/** Flux prunes no object that one of these is `disabled` on (kustomize-controller, `prune` and its exclusions). */
const FLUX_KEEPS = ['kustomize.toolkit.fluxcd.io/prune', 'kustomize.toolkit.fluxcd.io/reconcile'];

/** The hash that Kustomize's generators append to names (kustomize api/hasher). */
const HASH_SUFFIX = /-[a-z0-9]{10}$/;

/** The missing desired object that stands in this one's place: the same but for the generator's hash. */
function renamedTo(key: ObjectKey, tracked: ReadonlyMap<string, TrackedObject>): string | undefined {
  if (!HASH_SUFFIX.test(key.name)) return undefined;
  const stem = key.name.replace(HASH_SUFFIX, '');
  for (const { key: other } of tracked.values()) {
    const isSameKind = other.kind === key.kind && other.group === key.group && other.namespace === key.namespace;
    if (isSameKind && HASH_SUFFIX.test(other.name) && other.name.replace(HASH_SUFFIX, '') === stem) return other.name;
  }
  return undefined;
}

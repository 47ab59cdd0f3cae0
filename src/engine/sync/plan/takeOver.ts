import { children, isLeaf, managedEntries } from '../../compare/fieldsV1.ts';
import { owningManager } from '../../compare/managers.ts';
import { APPLYSET_PART_OF, LAST_APPLIED, ownerMarkOf } from '../../compare/ownerMarks.ts';
import { type FieldPath, formatPath } from '../../model/fieldPath.ts';
import { arrayAt, isJsonObject, type JsonObject, type JsonValue, objectAt, stringAt } from '../../model/json.ts';
import { pointerToken } from '../../model/jsonPointer.ts';
import { annotationsOf, displayName, keyOf, type KubeObject, labelsOf } from '../../model/objects.ts';
import type { Reason } from '../../model/states.ts';
import type { FieldMove, MarkChange } from '../../model/sync.ts';
import { SYNC_MANAGER, type TakeOverInput } from '../syncTypes.ts';
import { isEntryOf, kubectlAppliers, takeOverFields } from './takeOverFields.ts';

/** Managers of kubectl that declared whole objects; `kubectl-last-applied` keeps the record of client-side apply during server-side ones. */
const kubectlDeclarers: readonly string[] = [
  ...kubectlAppliers,
  'kubectl-last-applied/Apply',
  'kubectl-last-applied/Update',
  'kubectl-create/Update',
  'kubectl-replace/Update',
];
/** Helm 4 applies, Helm 3 patches; before 3.7 its requests named no manager. */
const helmAppliers: readonly string[] = ['helm/Apply', 'helm/Update', 'Go-http-client/Update'];
const MANAGED_BY = 'app.kubernetes.io/managed-by';
const HELM_ANNOTATIONS: readonly string[] = ['meta.helm.sh/release-name', 'meta.helm.sh/release-namespace'];
/** fields of one manager that a plan lists */
const MAX_FIELDS = 50;

/** One object's take over: the one request that does it, and what it says of itself. */
export interface TakeOver {
  /** JSON patch, conditional on the resourceVersion */
  readonly operations: readonly JsonValue[];
  readonly moves: readonly FieldMove[];
  readonly marks: readonly MarkChange[];
}

/**
 * How the ownership of a live object's fields moves to Plumbline: the entries of kubectl or Helm in managedFields are united into our own
 * *Apply* entry (client-go `csaupgrade`), the record of client-side apply and Helm's marks go, the mark of our ApplySet comes. Specs and
 * data stay as they are.
 * @returns what to send; undefined: it is ours already; or why it cannot be taken over
 */
export function takeOverOf(live: KubeObject, { desired, setId }: TakeOverInput): TakeOver | Reason | undefined {
  const object = displayName(keyOf(live));
  const isHelms = ownerMarkOf(live)?.owner === 'helm';
  const appliers = isHelms ? [...kubectlDeclarers, ...helmManagersOf(live)] : kubectlDeclarers;
  const entries = arrayAt(live.metadata, 'managedFields').filter(isJsonObject);
  const moving = entries.filter((entry) => isEntryOf(entry, appliers));
  const own = entries.find((entry) => isEntryOf(entry, [`${SYNC_MANAGER}/Apply`]));
  if (moving.length === 0 && own === undefined) {
    const managers = [...new Set(entries.flatMap((entry) => stringAt(entry, 'manager') ?? []))];
    return { code: 'take-over-nobody', details: { object, managers } };
  }
  const marks = marksOf(live, desired, isHelms, setId);
  if (moving.length === 0 && marks.length === 0) return undefined;
  const taken = moving.length === 0 ? [own, ...entries.filter((entry) => entry !== own)] : takeOverFields(live, appliers)?.managedFields;
  if (taken === undefined) {
    const other = moving.find((entry) => entry['apiVersion'] !== live.apiVersion) ?? own;
    const [manager, version] = [stringAt(other, 'manager'), stringAt(other, 'apiVersion')];
    return { code: 'take-over-other-version', details: { object, manager, version, wanted: live.apiVersion } };
  }
  const [first, ...rest] = taken;
  return {
    operations: [
      // As csaupgrade: replaced by what it is believed to be, so that storage answers 409 when it is another.
      { op: 'replace', path: '/metadata/resourceVersion', value: stringAt(live.metadata, 'resourceVersion') ?? '' },
      { op: 'replace', path: '/metadata/managedFields', value: [marked(first, marks), ...rest].filter((entry) => entry !== undefined) },
      ...operationsOf(marks, live, setId),
    ],
    moves: moving.map((entry) => moveOf(entry)),
    marks,
  };
}

/** Whether an answer is why an object cannot be taken over. */
export function isReason(answer: TakeOver | Reason): answer is Reason {
  return 'code' in answer;
}

/** The live object as it is after a take over, but for managedFields and what the server counts. */
export function takenOverObject(live: KubeObject, marks: readonly MarkChange[], setId: string): KubeObject {
  const labels: Record<string, string> = { ...labelsOf(live) };
  const annotations: Record<string, string> = { ...annotationsOf(live) };
  for (const { place, name, change } of marks) {
    const map = place === 'label' ? labels : annotations;
    if (change === 'added') map[name] = setId;
    else Reflect.deleteProperty(map, name);
  }
  return { ...live, metadata: { ...live.metadata, labels, annotations } };
}

/** Helm's managers; a program that embeds Helm writes under its own name. */
function helmManagersOf(live: KubeObject): readonly string[] {
  const entries = managedEntries(live);
  const known = entries.some(
    ({ manager, operation, subresource }) => subresource === '' && helmAppliers.includes(`${manager}/${operation}`),
  );
  if (known) return helmAppliers;
  const owner = owningManager(entries, ['helm'], false);
  return owner === undefined || owner.manager === SYNC_MANAGER ? [] : [`${owner.manager}/${owner.operation}`];
}

function marksOf(live: KubeObject, desired: KubeObject, isHelms: boolean, setId: string): readonly MarkChange[] {
  const [labels, annotations] = [labelsOf(live), annotationsOf(live)];
  const removed = [LAST_APPLIED, ...(isHelms ? HELM_ANNOTATIONS : [])].filter(
    (name) => annotations[name] !== undefined && (name === LAST_APPLIED || annotationsOf(desired)[name] === undefined),
  );
  const isLabelGone = isHelms && labels[MANAGED_BY] === 'Helm' && labelsOf(desired)[MANAGED_BY] === undefined;
  return [
    ...removed.map((name) => ({ place: 'annotation', name, change: 'removed' }) as const),
    ...(isLabelGone ? [{ place: 'label', name: MANAGED_BY, change: 'removed' } as const] : []),
    ...(labels[APPLYSET_PART_OF] === setId ? [] : [{ place: 'label', name: APPLYSET_PART_OF, change: 'added' } as const]),
  ];
}

function operationsOf(marks: readonly MarkChange[], live: KubeObject, setId: string): readonly JsonValue[] {
  const hasLabels = isJsonObject(live.metadata['labels']);
  return marks.flatMap(({ place, name, change }) => {
    const map = place === 'label' ? '/metadata/labels' : '/metadata/annotations';
    const path = `${map}/${pointerToken(name)}`;
    if (change === 'removed') return [{ op: 'remove', path }];
    return [...(hasLabels ? [] : [{ op: 'add', path: map, value: {} }]), { op: 'add', path, value: setId }];
  });
}

/** Our entry as it is when the marks have changed. */
function marked(entry: JsonValue | undefined, marks: readonly MarkChange[]): JsonValue | undefined {
  if (!isJsonObject(entry)) return entry;
  const fields = objectAt(entry, 'fieldsV1');
  const metadata: Record<string, JsonValue | undefined> = { ...objectAt(fields, 'f:metadata') };
  for (const { place, name, change } of marks) {
    const map = place === 'label' ? 'f:labels' : 'f:annotations';
    const known = metadata[map];
    const members: Record<string, JsonValue | undefined> = isJsonObject(known) ? { ...known } : {};
    if (change === 'added') members[`f:${name}`] = {};
    else Reflect.deleteProperty(members, `f:${name}`);
    // A map that has lost its last entry goes, and with it who held it.
    metadata[map] = Object.keys(members).every((member) => member === '.') ? undefined : members;
  }
  return { ...entry, fieldsV1: { ...fields, 'f:metadata': metadata } };
}

function moveOf(entry: JsonObject): FieldMove {
  const fields = leavesOf(objectAt(entry, 'fieldsV1'));
  return {
    manager: stringAt(entry, 'manager') ?? '',
    operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
    count: fields.length,
    fields: fields.slice(0, MAX_FIELDS),
  };
}

function leavesOf(fields: JsonObject): readonly string[] {
  const leaves: string[] = [];
  const visit = (set: JsonObject, path: FieldPath): void => {
    for (const [step, below] of children(set)) {
      const next = [...path, step];
      if (isLeaf(below)) leaves.push(formatPath(next));
      else visit(below, next);
    }
  };
  visit(fields, []);
  return leaves;
}

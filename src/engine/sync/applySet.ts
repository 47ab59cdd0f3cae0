import { createHash } from 'node:crypto';
import { type KubeObject, annotationsOf, labelsOf, type ObjectKey } from '../model/objects.ts';

const PARENT_ID = 'applyset.kubernetes.io/id';
const TOOLING = 'applyset.kubernetes.io/tooling';
const GROUP_KINDS = 'applyset.kubernetes.io/contains-group-kinds';
const NAMESPACES = 'applyset.kubernetes.io/additional-namespaces';
const TOOL = 'plumbline';
const TOOL_VERSION = 'v1';
const MAX_NAME = 200;

/** A kind without its version. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** Where the members of a set are to be looked for. */
export interface SetScope {
  readonly kinds: readonly GroupKind[];
  /** namespaces beside the parent's own */
  readonly namespaces: readonly string[];
}

/** The ConfigMap that is the parent of an application's ApplySet. */
export function parentKeyOf(application: { readonly name: string }, namespace: string): ObjectKey {
  const clean = application.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, MAX_NAME);
  const isSame = clean === application.name;
  const suffix = isSame ? '' : `-${createHash('sha256').update(application.name).digest('hex').slice(0, 8)}`;
  return { group: '', kind: 'ConfigMap', namespace, name: `plumbline-${clean}${suffix}` };
}

/** The id of a set, by its parent: what its members carry as `applyset.kubernetes.io/part-of`. */
export function applySetId({ name, namespace, kind, group }: ObjectKey): string {
  const hash = createHash('sha256').update([name, namespace, kind, group].join('.')).digest('base64url');
  return `applyset-${hash}-v1`;
}

/** Labels of a parent. */
export function parentLabels(parent: ObjectKey): Readonly<Record<string, string>> {
  return { [PARENT_ID]: applySetId(parent) };
}

/** Annotations of a parent by which kubectl reads the set. */
export function parentAnnotations(parent: ObjectKey, scope: SetScope): Readonly<Record<string, string>> {
  const kinds = [...new Set(scope.kinds.map(({ group, kind }) => (group === '' ? kind : `${kind}.${group}`)))].sort();
  const namespaces = [...new Set(scope.namespaces)].filter((name) => name !== '' && name !== parent.namespace).sort();
  return { [TOOLING]: `${TOOL}/${TOOL_VERSION}`, [GROUP_KINDS]: kinds.join(','), [NAMESPACES]: namespaces.join(',') };
}

/** What a live parent says of its set; both lists are empty where it says nothing. */
export function scopeOf(parent: KubeObject | undefined): SetScope {
  if (parent === undefined) return { kinds: [], namespaces: [] };
  const annotations = annotationsOf(parent);
  const list = (name: string): readonly string[] => (annotations[name] ?? '').split(',').filter((item) => item !== '');
  const kinds = list(GROUP_KINDS).map((text) => {
    const [kind = '', ...group] = text.split('.');
    return { group: group.join('.'), kind };
  });
  return { kinds, namespaces: list(NAMESPACES) };
}

/** Two scopes as one: what is written before a sync, so that an interrupted one loses no member. */
export function supersetOf(left: SetScope, right: SetScope): SetScope {
  return { kinds: [...left.kinds, ...right.kinds], namespaces: [...left.namespaces, ...right.namespaces] };
}

/** The tool that a live parent belongs to when it is not ours, or undefined. A parent without any mark is somebody's ConfigMap. */
export function foreignTool(parent: KubeObject, key: ObjectKey): string | undefined {
  const tooling = annotationsOf(parent)[TOOLING];
  if (labelsOf(parent)[PARENT_ID] !== applySetId(key) || tooling === undefined) return tooling ?? 'unknown';
  const [name = ''] = tooling.split('/');
  return name === TOOL ? undefined : tooling;
}

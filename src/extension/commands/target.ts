import type { RevertTarget } from '../../engine/model/plan.ts';
import { applicationOf, objectOf } from '../tree/nodes.ts';
import type { TreeNode } from '../tree/nodes.ts';

/** What a command acts on, serialisable: as the engine's hovers, code lenses and code actions pass it. */
export interface CommandTarget {
  readonly applicationId: string;
  /** `keyString` of an object of the application */
  readonly key?: string;
  /** `FieldRow.id` of a drifted field of the object */
  readonly fieldId?: string;
}

/** Reads a target from an argument of a command: a row of the tree, a serialised target, or neither. Anyone may run a command. */
export function toTarget(argument: unknown): CommandTarget | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  if ('type' in argument && 'id' in argument) return nodeTarget(argument as TreeNode);
  if (!('applicationId' in argument) || typeof argument.applicationId !== 'string') return undefined;
  const key = 'key' in argument && typeof argument.key === 'string' ? argument.key : undefined;
  const fieldId = 'fieldId' in argument && typeof argument.fieldId === 'string' ? argument.fieldId : undefined;
  return {
    applicationId: argument.applicationId,
    ...(key === undefined ? {} : { key }),
    ...(key === undefined || fieldId === undefined ? {} : { fieldId }),
  };
}

/** The targets of a command: a list of them, or on a view all selected rows when the clicked one is among them. */
export function toTargets(argument: unknown, selection: unknown): CommandTarget[] {
  const nodes: unknown[] = Array.isArray(argument) ? argument : Array.isArray(selection) && selection.length > 0 ? selection : [argument];
  return nodes.flatMap((node) => {
    if (isGroup(node)) return node.group.applicationIds.map((applicationId) => ({ applicationId }));
    return toTarget(node) ?? [];
  });
}

function isGroup(value: unknown): value is Extract<TreeNode, { type: 'group' }> {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'group' && 'group' in value;
}

function nodeTarget(node: TreeNode): CommandTarget | undefined {
  const applicationId = applicationOf(node)?.applicationId;
  if (applicationId === undefined) return undefined;
  const key = objectOf(node)?.row.key;
  if (key === undefined) return { applicationId };
  return node.type === 'field' ? { applicationId, key, fieldId: node.row.id } : { applicationId, key };
}

/** Fields of one object become one target; what a whole application or object covers is not named twice. */
export function toRevertTargets(targets: readonly CommandTarget[]): RevertTarget[] {
  const applications = new Set(targets.filter((target) => target.key === undefined).map((target) => target.applicationId));
  const objects = new Map<string, { applicationId: string; object: string; fields: Set<string> | undefined }>();
  for (const { applicationId, key, fieldId } of targets) {
    if (key === undefined || applications.has(applicationId)) continue;
    const id = `${applicationId}\n${key}`;
    const held = objects.get(id) ?? { applicationId, object: key, fields: new Set<string>() };
    if (fieldId === undefined) held.fields = undefined;
    else held.fields?.add(fieldId);
    objects.set(id, held);
  }
  return [
    ...[...applications].map((applicationId) => ({ applicationId })),
    ...[...objects.values()].map(({ applicationId, object, fields }) =>
      fields === undefined ? { applicationId, object } : { applicationId, object, fields: [...fields] },
    ),
  ];
}

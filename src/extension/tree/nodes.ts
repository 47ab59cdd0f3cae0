import type { ApplicationRow, ChildRow, FieldRow, ObjectRow } from '../../engine/model/snapshot.ts';
import type { Group } from './grouping.ts';

/** A group of applications. */
export interface GroupNode {
  readonly type: 'group';
  readonly id: string;
  readonly parent: undefined;
  group: Group;
}

/** An application at one place of the tree; it may stand at two: under *Needs Attention* and in its own group. */
export interface ApplicationNode {
  readonly type: 'application';
  readonly id: string;
  readonly parent: GroupNode | undefined;
  readonly applicationId: string;
  row: ApplicationRow;
}

/** An object of an application. */
export interface ObjectNode {
  readonly type: 'object';
  readonly id: string;
  readonly parent: ApplicationNode;
  row: ObjectRow;
}

/** A drifted field of an object. */
export interface FieldNode {
  readonly type: 'field';
  readonly id: string;
  readonly parent: ObjectNode;
  row: FieldRow;
}

/** A live object below another by owner reference. */
export interface ChildNode {
  readonly type: 'child';
  readonly id: string;
  readonly parent: ObjectNode | ChildNode;
  row: ChildRow;
}

/** A sentence instead of rows: why there are none, with a command that helps. */
export interface MessageNode {
  readonly type: 'message';
  readonly id: string;
  readonly parent: TreeNode | undefined;
  text: string;
  command?: { readonly id: string; readonly title: string; readonly arguments: readonly unknown[] };
}

/** Any row of the Applications view. Rows keep their identity over refreshes, so that selection and expansion survive. */
export type TreeNode = GroupNode | ApplicationNode | ObjectNode | FieldNode | ChildNode | MessageNode;

/** The application that a row belongs to. */
export function applicationOf(node: TreeNode): ApplicationNode | undefined {
  let current: TreeNode | undefined = node;
  while (current !== undefined && current.type !== 'application') current = current.parent;
  return current;
}

/** The declared object that a row is or belongs to. */
export function objectOf(node: TreeNode): ObjectNode | undefined {
  let current: TreeNode | undefined = node;
  while (current !== undefined && current.type !== 'object') current = current.parent;
  return current;
}

/** Keeps one node per id: `intern` gives the node held, brought up to date, or holds the new one. */
export class NodeCache {
  readonly #nodes = new Map<string, TreeNode>();

  /** The held node with the new one's content, or the new one. */
  intern<T extends TreeNode>(node: T): T {
    const held = this.#nodes.get(node.id);
    if (held?.type !== node.type || held.parent !== node.parent) {
      this.#nodes.set(node.id, node);
      return node;
    }
    Object.assign(held, node);
    return held as T;
  }

  get(id: string): TreeNode | undefined {
    return this.#nodes.get(id);
  }

  /** Forgets a node and all below it. */
  deleteTree(id: string): void {
    for (const key of this.#nodes.keys()) if (key === id || key.startsWith(`${id}/`)) this.#nodes.delete(key);
  }
}

/** Id of a group's node. */
export function groupNodeId(groupId: string): string {
  return `group/${encodeURIComponent(groupId)}`;
}

/** Id of an application's node below a group (or at the root). */
export function applicationNodeId(parent: GroupNode | undefined, applicationId: string): string {
  return `${parent?.id ?? 'group'}/app/${encodeURIComponent(applicationId)}`;
}

/** Id of a node below another. */
export function childNodeId(parent: TreeNode, type: string, name: string): string {
  return `${parent.id}/${type}/${encodeURIComponent(name)}`;
}

import * as vscode from 'vscode';
import type { ObjectRow } from '../../engine/model/snapshot.ts';
import type { ErrorPresenter } from '../errorPresenter.ts';
import { commandIds } from '../ids.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';
import { objectNeedsAttention } from '../words/objectText.ts';
import { noFilter } from './filter.ts';
import type { Filter } from './filter.ts';
import { outline } from './grouping.ts';
import type { Group, Grouping, Outline } from './grouping.ts';
import { applicationNodeId, childNodeId, groupNodeId, NodeCache } from './nodes.ts';
import type { ApplicationNode, ChildNode, FieldNode, GroupNode, MessageNode, ObjectNode, TreeNode } from './nodes.ts';
import type { RowItems } from './rowItems.ts';

/** Rows shown of one group. */
const mostRows = 500;

/** The rows of the Applications view, from the store; refreshes only what a change touched. */
export class ApplicationsProvider implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  readonly #store: SnapshotStore;
  readonly #items: RowItems;
  readonly #presenter: ErrorPresenter;
  readonly #changes = new vscode.EventEmitter<TreeNode[] | undefined>();
  readonly #nodes = new NodeCache();
  #grouping: Grouping;
  #filter: Filter = noFilter;
  #outline: Outline = { groups: [], ungrouped: [], attentionCount: 0, hiddenCount: 0 };

  readonly onDidChangeTreeData = this.#changes.event;

  constructor(store: SnapshotStore, items: RowItems, presenter: ErrorPresenter, grouping: Grouping) {
    this.#store = store;
    this.#items = items;
    this.#presenter = presenter;
    this.#grouping = grouping;
  }

  get outline(): Outline {
    return this.#outline;
  }

  get filter(): Filter {
    return this.#filter;
  }

  /** Groups another way. */
  setGrouping(grouping: Grouping): void {
    if (grouping === this.#grouping) return;
    this.#grouping = grouping;
    this.refreshAll();
  }

  /** Filters another way. */
  setFilter(filter: Filter): void {
    this.#filter = filter;
    this.refreshAll();
  }

  /** Shows the rows of the store anew, from the root. */
  refreshAll(): void {
    this.#outline = this.#makeOutline();
    this.#changes.fire(undefined);
  }

  /**
   * Shows what changed: the rows of these applications (or all), and the groups whose members are others now. The root is refreshed
   * only when the groups are others: the editor would ask for rows that it just forgot.
   */
  refresh(applicationIds: ReadonlySet<string> | 'all'): void {
    const before = this.#outline;
    const after = this.#makeOutline();
    this.#outline = after;
    const only = applicationIds === 'all' ? undefined : applicationIds;
    for (const id of only ?? []) if (!this.#store.applications.has(id)) this.#forget(id);
    if (groupIds(before) !== groupIds(after) || before.ungrouped.join('\n') !== after.ungrouped.join('\n')) {
      this.#changes.fire(undefined);
      return;
    }
    const changed: TreeNode[] = [];
    for (const [index, group] of after.groups.entries()) {
      const old = before.groups[index];
      const node = this.#groupNode(group);
      const isSame = old?.applicationIds.join('\n') === group.applicationIds.join('\n') && old.attentionCount === group.attentionCount;
      if (isSame && only !== undefined) changed.push(...this.#applicationNodes(node, group.applicationIds, only));
      else changed.push(node);
    }
    changed.push(...this.#applicationNodes(undefined, after.ungrouped, only));
    if (changed.length > 0) this.#changes.fire(changed);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return this.#items.toItem(node);
  }

  resolveTreeItem(item: vscode.TreeItem, node: TreeNode): vscode.TreeItem {
    const tooltip = this.#items.tooltip(node);
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node === undefined) {
      return [
        ...this.#outline.groups.map((group) => this.#groupNode(group)),
        ...this.#shownApplications(undefined, this.#outline.ungrouped),
      ];
    }
    try {
      return await this.#childrenOf(node);
    } catch (error) {
      return [
        this.#message(node, 'error', this.#presenter.describe(error), {
          id: commandIds.refresh,
          title: vscode.l10n.t('Refresh'),
          arguments: [],
        }),
      ];
    }
  }

  /** The node of an application (in its own group rather than under *Needs Attention*), object or field; undefined when filtered out. */
  async find(applicationId: string, key?: string, fieldId?: string): Promise<TreeNode | undefined> {
    const application = this.#findApplication(applicationId);
    if (application === undefined || key === undefined) return application;
    const objects = await this.#childrenOf(application);
    const object = objects.find((child) => child.type === 'object' && child.row.key === key);
    if (object?.type !== 'object' || fieldId === undefined) return object ?? application;
    return this.#fieldNodes(object).find((field) => field.row.id === fieldId) ?? object;
  }

  dispose(): void {
    this.#changes.dispose();
  }

  #makeOutline(): Outline {
    return outline(this.#store.applications.values(), this.#grouping, this.#filter, vscode.l10n);
  }

  #findApplication(applicationId: string): ApplicationNode | undefined {
    const group =
      this.#outline.groups.find((candidate) => candidate.kind !== 'attention' && candidate.applicationIds.includes(applicationId)) ??
      this.#outline.groups.find((candidate) => candidate.applicationIds.includes(applicationId));
    if (group === undefined && !this.#outline.ungrouped.includes(applicationId)) return undefined;
    const parent = this.#outline.ungrouped.includes(applicationId) || group === undefined ? undefined : this.#groupNode(group);
    return this.#applicationNodes(parent, [applicationId])[0];
  }

  async #childrenOf(node: TreeNode): Promise<TreeNode[]> {
    switch (node.type) {
      case 'group':
        return this.#shownApplications(node, node.group.applicationIds);
      case 'application':
        return this.#applicationChildren(node);
      case 'object':
        return [...this.#fieldNodes(node), ...(node.row.hasChildren ? await this.#liveChildren(node, undefined) : [])];
      case 'child':
        return this.#liveChildren(node, node.row.uid);
      case 'field':
      case 'message':
        return [];
    }
  }

  #groupNode(group: Group): GroupNode {
    return this.#nodes.intern({ type: 'group', id: groupNodeId(group.id), parent: undefined, group });
  }

  #applicationNodes(parent: GroupNode | undefined, ids: readonly string[], only?: ReadonlySet<string>): ApplicationNode[] {
    const nodes: ApplicationNode[] = [];
    for (const applicationId of ids) {
      if (only?.has(applicationId) === false) continue;
      const row = this.#store.applications.get(applicationId);
      if (row === undefined) continue;
      nodes.push(this.#nodes.intern({ type: 'application', id: applicationNodeId(parent, applicationId), parent, applicationId, row }));
    }
    return nodes;
  }

  /** The first of a long list, with the way to the others: thousands of rows at once would hold up the editor. */
  #shownApplications(parent: GroupNode | undefined, ids: readonly string[]): TreeNode[] {
    const nodes: TreeNode[] = this.#applicationNodes(parent, ids.slice(0, mostRows));
    const rest = ids.length - mostRows;
    if (rest <= 0) return nodes;
    const text = vscode.l10n.t('… and {0} more: filter to see them', rest);
    return [
      ...nodes,
      this.#message(parent, 'more', text, { id: commandIds.filter, title: vscode.l10n.t('Filter Applications…'), arguments: [] }),
    ];
  }

  async #applicationChildren(node: ApplicationNode): Promise<TreeNode[]> {
    if (node.row.state === 'no destination') {
      return [
        this.#message(node, 'choose', vscode.l10n.t('Choose a cluster to compare it with.'), {
          id: commandIds.chooseCluster,
          title: vscode.l10n.t('Choose Cluster…'),
          arguments: [{ applicationId: node.applicationId }],
        }),
      ];
    }
    const objects = await this.#store.objects(node.applicationId);
    const reasons = node.row.reasons.map((reason, index) =>
      this.#message(node, `reason${String(index)}`, this.#presenter.reasonWords(reason)),
    );
    if (objects.length === 0 && reasons.length === 0) {
      return [this.#message(node, 'empty', vscode.l10n.t('It renders no objects.'))];
    }
    return [
      ...reasons,
      ...[...objects]
        .sort(byAttention)
        .map((row) => this.#nodes.intern({ type: 'object', id: childNodeId(node, 'object', row.key), parent: node, row })),
    ];
  }

  #fieldNodes(node: ObjectNode): FieldNode[] {
    return node.row.fields.map((row) => this.#nodes.intern({ type: 'field', id: childNodeId(node, 'field', row.id), parent: node, row }));
  }

  async #liveChildren(node: ObjectNode | ChildNode, uid: string | undefined): Promise<ChildNode[]> {
    const application = applicationIdOf(node);
    const children = await this.#store.children(application, node.row.key, uid);
    return children.map((row) => this.#nodes.intern({ type: 'child', id: childNodeId(node, 'child', row.uid), parent: node, row }));
  }

  #message(parent: TreeNode | undefined, name: string, text: string, command?: MessageNode['command']): MessageNode {
    const node: MessageNode = {
      type: 'message',
      id: parent === undefined ? `message/${name}` : childNodeId(parent, 'message', name),
      parent,
      text,
    };
    if (command !== undefined) node.command = command;
    return this.#nodes.intern(node);
  }

  #forget(applicationId: string): void {
    for (const group of this.#outline.groups) this.#nodes.deleteTree(applicationNodeId(this.#groupNode(group), applicationId));
    this.#nodes.deleteTree(applicationNodeId(undefined, applicationId));
  }
}

function groupIds(value: Outline): string {
  return value.groups.map((group) => group.id).join('\n');
}

function byAttention(a: ObjectRow, b: ObjectRow): number {
  return Number(objectNeedsAttention(b)) - Number(objectNeedsAttention(a)) || a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name);
}

function applicationIdOf(node: ObjectNode | ChildNode): string {
  let current: ObjectNode | ChildNode = node;
  while (current.type === 'child') current = current.parent;
  return current.row.applicationId;
}

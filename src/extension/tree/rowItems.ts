import * as vscode from 'vscode';
import { commandIds, rowScheme } from '../ids.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';
import { applicationText } from '../words/applicationText.ts';
import { childText, fieldText, objectText } from '../words/objectText.ts';
import type { RowText, WordsContext } from '../words/rowText.ts';
import type { Look } from '../words/states.ts';
import { healthLook } from '../words/states.ts';
import type { GroupKind } from './grouping.ts';
import { applicationOf } from './nodes.ts';
import type { GroupNode, TreeNode } from './nodes.ts';

const groupIcons: Readonly<Record<GroupKind, string>> = {
  attention: 'bell-dot',
  environment: 'layers',
  cluster: 'server-environment',
  folder: 'folder',
  owner: 'organization',
  suggestions: 'lightbulb',
};

/** Groups larger than this start collapsed. */
const largestExpandedGroup = 200;
/** Objects with more drifted fields than this start collapsed. */
const mostExpandedFields = 5;

/** Makes tree items of nodes: words from `words/`, plus icons, ids, collapsible state and the command of a click. */
export class RowItems {
  readonly #store: SnapshotStore;
  readonly #words: () => WordsContext;

  /** @param words gives the words' context for now */
  constructor(store: SnapshotStore, words: () => WordsContext) {
    this.#store = store;
    this.#words = words;
  }

  /** The item of a node, without its tooltip. */
  toItem(node: TreeNode): vscode.TreeItem {
    if (node.type === 'group') return this.#groupItem(node);
    if (node.type === 'message') {
      const item = new vscode.TreeItem(node.text, vscode.TreeItemCollapsibleState.None);
      item.id = node.id;
      item.iconPath = new vscode.ThemeIcon('info');
      item.contextValue = 'plumbline:message';
      item.tooltip = node.text;
      if (node.command !== undefined) {
        item.command = { command: node.command.id, title: node.command.title, arguments: [...node.command.arguments] };
      }
      return item;
    }
    const text = this.#text(node);
    const item = new vscode.TreeItem(text.label, collapsible(node));
    item.id = node.id;
    item.description = text.description;
    item.iconPath = toThemeIcon(text.look);
    item.contextValue = text.contextValue;
    item.accessibilityInformation = { label: text.accessibility };
    if (text.health !== undefined && healthLook(text.health).badge !== undefined) {
      item.resourceUri = vscode.Uri.from({ scheme: rowScheme, path: `/${text.health}` });
    }
    const command = clickCommand(node);
    if (command !== undefined) item.command = command;
    return item;
  }

  /** The tooltip of a node, made when it is asked for. */
  tooltip(node: TreeNode): vscode.MarkdownString | undefined {
    return node.type === 'group' || node.type === 'message' ? undefined : new vscode.MarkdownString(this.#text(node).tooltip());
  }

  #text(node: Exclude<TreeNode, { type: 'group' | 'message' }>): RowText {
    const words = this.#words();
    const application = applicationOf(node)?.row;
    switch (node.type) {
      case 'application': {
        const kind = node.parent?.group.kind;
        const place = kind === 'environment' || kind === 'suggestions' ? undefined : (node.row.environment ?? node.row.context);
        return applicationText(node.row, this.#store.cluster(node.row.context), place, words);
      }
      case 'object':
        return objectText(node.row, application, words);
      case 'field':
        return fieldText(node.row, application, words);
      case 'child':
        return childText(node.row, words);
    }
  }

  #groupItem(node: GroupNode): vscode.TreeItem {
    const { kind, label, applicationIds, attentionCount } = node.group;
    const isCollapsed = kind === 'suggestions' || applicationIds.length > largestExpandedGroup;
    const item = new vscode.TreeItem(
      label,
      isCollapsed ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.Expanded,
    );
    item.id = node.id;
    item.iconPath = new vscode.ThemeIcon(groupIcons[kind]);
    item.contextValue = `plumbline:group+${kind}`;
    const count = applicationIds.length;
    item.description =
      kind === 'attention' || kind === 'suggestions' || attentionCount === 0
        ? String(count)
        : vscode.l10n.t('{0} of {1} need attention', attentionCount, count);
    item.accessibilityInformation = { label: vscode.l10n.t('{0}, {1} applications, {2} need attention', label, count, attentionCount) };
    return item;
  }
}

/** A product icon in a contributed colour. */
export function toThemeIcon(look: Look): vscode.ThemeIcon {
  return look.color === undefined ? new vscode.ThemeIcon(look.icon) : new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.color));
}

function collapsible(node: Exclude<TreeNode, { type: 'group' | 'message' }>): vscode.TreeItemCollapsibleState {
  switch (node.type) {
    case 'application':
      return vscode.TreeItemCollapsibleState.Collapsed;
    case 'object': {
      const count = node.row.fields.length;
      if (count > 0 && count <= mostExpandedFields) return vscode.TreeItemCollapsibleState.Expanded;
      return count > 0 || node.row.hasChildren ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
    }
    case 'child':
      return node.row.hasChildren ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
    case 'field':
      return vscode.TreeItemCollapsibleState.None;
  }
}

/** Selecting a row opens it: the diff of what differs, else the line that declares it. */
function clickCommand(node: TreeNode): vscode.Command | undefined {
  if (node.type === 'field') {
    const args = [{ applicationId: node.parent.row.applicationId, key: node.parent.row.key, fieldId: node.row.id }];
    return node.row.source === undefined
      ? { command: commandIds.openDiff, title: vscode.l10n.t('Open Live-vs-Git Diff'), arguments: args }
      : { command: commandIds.openSource, title: vscode.l10n.t('Open Source Line'), arguments: args };
  }
  if (node.type !== 'object') return undefined;
  const args = [{ applicationId: node.row.applicationId, key: node.row.key }];
  const differs = node.row.fields.length > 0 || node.row.state === 'missing' || node.row.state === 'differs';
  if (differs) return { command: commandIds.openDiff, title: vscode.l10n.t('Open Live-vs-Git Diff'), arguments: args };
  if (node.row.source === undefined) return undefined;
  return { command: commandIds.openSource, title: vscode.l10n.t('Open Source Line'), arguments: args };
}

import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ClusterRow } from '../../engine/model/snapshot.ts';
import { viewIds } from '../ids.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';
import { clusterText } from '../words/clusterText.ts';
import type { WordsContext } from '../words/rowText.ts';
import { toThemeIcon } from './rowItems.ts';

/** A row of the Clusters view. */
export interface ClusterNode {
  readonly context: string;
  readonly row: ClusterRow;
}

/** The Clusters view: clusters in use, whether they answer, what rights there are. */
export class ClustersView implements vscode.TreeDataProvider<ClusterNode>, Disposable {
  readonly #store: SnapshotStore;
  readonly #words: () => WordsContext;
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new vscode.EventEmitter<undefined>());

  readonly onDidChangeTreeData = this.#changes.event;

  constructor(store: SnapshotStore, words: () => WordsContext) {
    this.#store = store;
    this.#words = words;
    this.#disposables.add(vscode.window.createTreeView(viewIds.clusters, { treeDataProvider: this }));
    this.#disposables.add(
      store.onDidChange(({ clusters, isFull }) => {
        if (clusters || isFull) this.#changes.fire(undefined);
      }),
    );
  }

  getTreeItem({ row }: ClusterNode): vscode.TreeItem {
    const text = clusterText(row, this.#words());
    const item = new vscode.TreeItem(text.label);
    item.id = row.context;
    item.description = text.description;
    item.iconPath = toThemeIcon(text.look);
    item.contextValue = text.contextValue;
    item.tooltip = new vscode.MarkdownString(text.tooltip());
    item.accessibilityInformation = { label: text.accessibility };
    return item;
  }

  getChildren(node?: ClusterNode): ClusterNode[] {
    if (node !== undefined) return [];
    return [...this.#store.clusters].sort((a, b) => a.context.localeCompare(b.context)).map((row) => ({ context: row.context, row }));
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

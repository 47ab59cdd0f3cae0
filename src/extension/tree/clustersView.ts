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
  readonly id: string;
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

  getTreeItem({ id, row }: ClusterNode): vscode.TreeItem {
    const text = clusterText(row, this.#words());
    const item = new vscode.TreeItem(text.label);
    item.id = id;
    item.description = text.description;
    item.iconPath = toThemeIcon(text.look);
    item.contextValue = text.contextValue;
    item.tooltip = new vscode.MarkdownString(text.tooltip());
    item.accessibilityInformation = { label: text.accessibility };
    return item;
  }

  getChildren(node?: ClusterNode): ClusterNode[] {
    if (node !== undefined) return [];
    const rows = [...this.#store.clusters].sort((a, b) => a.context.localeCompare(b.context));
    // One context may stand for two clusters, when environments pin different ones.
    return rows.map((row, index) => {
      const earlier = rows.slice(0, index).filter(({ context }) => context === row.context).length;
      return { id: earlier === 0 ? row.context : `${row.context}\n${String(earlier)}`, context: row.context, row };
    });
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

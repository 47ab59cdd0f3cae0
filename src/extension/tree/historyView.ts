import * as vscode from 'vscode';
import { coalesce } from '../../base/async.ts';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { SyncHistory, SyncRecord } from '../../engine/model/ledger.ts';
import type { ContextKeySetter } from '../contextKeys.ts';
import type { EngineClient } from '../engine/engineClient.ts';
import type { ErrorPresenter } from '../errorPresenter.ts';
import { commandIds, viewIds } from '../ids.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';
import { recordText } from '../words/historyText.ts';
import type { WordsContext } from '../words/rowText.ts';
import { toThemeIcon } from './rowItems.ts';

const refreshIntervalMs = 300;

/** A row of the Sync History view. */
export type HistoryNode =
  | { readonly type: 'record'; readonly applicationId: string; readonly record: SyncRecord }
  | { readonly type: 'message'; readonly text: string; readonly applicationId?: string };

/** What the view is made of. */
export interface HistoryViewOptions {
  readonly store: SnapshotStore;
  readonly engine: EngineClient;
  readonly presenter: ErrorPresenter;
  readonly contextKeys: ContextKeySetter;
  readonly words: () => WordsContext;
}

/** The Sync History view: the syncs that the ledger of the selected application records, newest first. */
export class HistoryView implements vscode.TreeDataProvider<HistoryNode>, Disposable {
  readonly #options: HistoryViewOptions;
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new vscode.EventEmitter<undefined>());
  readonly #view: vscode.TreeView<HistoryNode>;
  #applicationId: string | undefined;
  #request = 0;
  #history: SyncHistory | undefined;

  readonly onDidChangeTreeData = this.#changes.event;

  constructor(options: HistoryViewOptions) {
    this.#options = options;
    this.#view = this.#disposables.add(vscode.window.createTreeView(viewIds.history, { treeDataProvider: this }));
    const refresh = this.#disposables.add(
      coalesce(refreshIntervalMs, () => {
        this.refresh();
      }),
    );
    this.#disposables.add(
      options.store.onDidChange(({ applicationIds, isFull }) => {
        if (this.#applicationId !== undefined && (isFull || applicationIds.has(this.#applicationId))) refresh.request();
      }),
    );
    this.#disposables.add(
      this.#view.onDidChangeVisibility(({ visible }) => {
        if (visible) this.refresh();
      }),
    );
  }

  /** Shows the history of another application. */
  setApplication(applicationId: string): void {
    if (applicationId === this.#applicationId) return;
    this.#applicationId = applicationId;
    this.#history = undefined;
    this.#view.description = this.#options.store.applications.get(applicationId)?.id ?? applicationId;
    this.refresh();
  }

  /** Shows the history that somebody asked for: it is read now, also while the view is still opening. */
  show(applicationId: string): void {
    this.setApplication(applicationId);
    this.#read(applicationId);
  }

  /** Reads the ledger again, when the view can be seen. */
  refresh(): void {
    if (this.#view.visible && this.#applicationId !== undefined) this.#read(this.#applicationId);
  }

  /** The newest sync before a recorded one that applied another commit. */
  previousOf(record: SyncRecord): SyncRecord | undefined {
    const entries = this.#history?.entries ?? [];
    const index = entries.findIndex(({ id }) => id === record.id);
    if (index < 0) return undefined;
    return entries
      .slice(index + 1)
      .find(({ isDirty, outcome, revision }) => !isDirty && outcome === 'done' && revision !== record.revision);
  }

  getTreeItem(node: HistoryNode): vscode.TreeItem {
    if (node.type === 'message') {
      const item = new vscode.TreeItem(node.text);
      item.iconPath = new vscode.ThemeIcon('info');
      item.tooltip = node.text;
      if (node.applicationId !== undefined) {
        item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('plumbline.driftedForeground'));
        item.command = { command: commandIds.sync, title: vscode.l10n.t('Sync…'), arguments: [{ applicationId: node.applicationId }] };
      }
      return item;
    }
    const text = recordText(node.record, this.#options.words());
    const item = new vscode.TreeItem(text.label);
    item.id = node.record.id;
    item.description = text.description;
    item.tooltip = new vscode.MarkdownString(text.tooltip());
    item.iconPath = toThemeIcon(text.look);
    item.contextValue = text.contextValue;
    item.accessibilityInformation = { label: text.accessibility };
    return item;
  }

  getChildren(node?: HistoryNode): HistoryNode[] {
    const applicationId = this.#applicationId;
    if (node !== undefined || applicationId === undefined || this.#history === undefined) return [];
    const { entries, unfinished, running, problem } = this.#history;
    const { l10n, reasonWords } = this.#options.words();
    if (problem !== undefined) return [{ type: 'message', text: reasonWords(problem) }];
    const messages: HistoryNode[] = [];
    if (running !== undefined) messages.push({ type: 'message', text: l10n.t('{0} syncs it now', running.by) });
    else if (unfinished !== undefined) {
      messages.push({ type: 'message', text: l10n.t('The newest sync did not end: sync again to finish it'), applicationId });
    }
    return [...messages, ...entries.map((record) => ({ type: 'record' as const, applicationId, record }))];
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #read(applicationId: string): void {
    this.#load(applicationId).catch((error: unknown) => {
      this.#options.presenter.log('history', error);
    });
  }

  async #load(applicationId: string): Promise<void> {
    const request = ++this.#request;
    const row = this.#options.store.applications.get(applicationId);
    const isOurs = row?.owner === 'plumbline' && row.context !== undefined;
    const history: SyncHistory = isOurs ? await this.#options.engine.request('plumbline/syncHistory', { applicationId }) : { entries: [] };
    if (request !== this.#request) return;
    this.#history = history;
    const isEmpty = history.entries.length === 0 && history.problem === undefined;
    this.#options.contextKeys.set('plumbline:history', isEmpty ? (isOurs ? 'none' : 'foreign') : 'some');
    this.#changes.fire(undefined);
  }
}

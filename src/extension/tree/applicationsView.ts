import * as vscode from 'vscode';
import { coalesce } from '../../base/async.ts';
import { LastTold } from '../../base/lastTold.ts';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { CommandTarget } from '../commands/target.ts';
import type { ContextKeySetter } from '../contextKeys.ts';
import type { EngineClient } from '../engine/engineClient.ts';
import type { ErrorPresenter } from '../errorPresenter.ts';
import { viewIds } from '../ids.ts';
import type { Settings } from '../settings.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';
import type { WordsContext } from '../words/rowText.ts';
import { ApplicationsProvider } from './applicationsProvider.ts';
import { parseFilter } from './filter.ts';
import { applicationOf, groupNodeId } from './nodes.ts';
import type { TreeNode } from './nodes.ts';
import { RowItems } from './rowItems.ts';
import { viewState } from './viewState.ts';

const refreshIntervalMs = 100;
const interestIntervalMs = 250;
const ageIntervalMs = 60_000;
const mostInterests = 1000;
const filterKey = 'plumbline.filter';

/** What the view is made of. */
export interface ApplicationsViewOptions {
  readonly store: SnapshotStore;
  readonly engine: EngineClient;
  readonly presenter: ErrorPresenter;
  readonly settings: Settings;
  readonly contextKeys: ContextKeySetter;
  readonly memory: vscode.Memento;
  readonly words: () => WordsContext;
}

/** Something that is done soon, once for many requests. */
interface Requester {
  request(): void;
}

/** The Applications view: its tree, badge, message, filter and the interest that it tells the engine of. */
export class ApplicationsView implements Disposable {
  readonly #options: ApplicationsViewOptions;
  readonly #disposables = new DisposableStore();
  readonly #provider: ApplicationsProvider;
  readonly #view: vscode.TreeView<TreeNode>;
  readonly #changed = new Set<string>();
  /** rows that the user opened or closed; others are as they start */
  readonly #expansion = new Map<string, boolean>();
  readonly #expandedApplications = new Set<string>();
  #isFullRefresh = false;
  /** what the view's badge and message show: each setter costs a message and a repaint */
  readonly #shown = new LastTold();
  /** the interest that the running engine was told */
  readonly #interest = new LastTold();
  #clusterStatuses = '';

  constructor(options: ApplicationsViewOptions) {
    this.#options = options;
    const { store, settings, presenter, memory } = options;
    const items = new RowItems(store, options.words);
    this.#provider = this.#disposables.add(new ApplicationsProvider(store, items, presenter, settings.grouping));
    this.#provider.setFilter(parseFilter(memory.get(filterKey, '')));
    this.#view = this.#disposables.add(
      vscode.window.createTreeView(viewIds.applications, {
        treeDataProvider: this.#provider,
        canSelectMany: true,
        showCollapseAll: true,
      }),
    );
    const refresh = this.#disposables.add(
      coalesce(refreshIntervalMs, () => {
        this.#refresh();
      }),
    );
    const interest = this.#disposables.add(
      coalesce(interestIntervalMs, () => {
        this.#tellInterest();
      }),
    );
    this.#followData(refresh, interest);
    this.#followUser(interest);
    // Ages in rows ("12 min ago") grow without any event of the engine.
    const ageTimer = setInterval(() => {
      if (this.#view.visible && [...store.applications.values()].some((row) => row.staleSinceMs !== undefined)) this.#provider.refreshAll();
    }, ageIntervalMs);
    this.#disposables.add({
      dispose: () => {
        clearInterval(ageTimer);
      },
    });
    this.#updateView();
  }

  /** Rows come from the store; a new engine knows of no interest. */
  #followData(refresh: Requester, interest: Requester): void {
    const { store, engine } = this.#options;
    this.#disposables.add(
      store.onDidChange((change) => {
        for (const id of change.applicationIds) this.#changed.add(id);
        // Rows show the status of their cluster, so another one may touch any row; versions and counts do not.
        const statuses = store.clusters.map((row) => `${row.context} ${row.status}`).join('\n');
        this.#isFullRefresh ||= change.isFull || statuses !== this.#clusterStatuses;
        this.#clusterStatuses = statuses;
        refresh.request();
        interest.request();
      }),
    );
    this.#disposables.add(
      engine.onDidChangeState((state) => {
        this.#interest.forget();
        if (state === 'running') interest.request();
        this.#updateView();
      }),
    );
  }

  /** What the user sees and has open is what the engine is to look at. */
  #followUser(interest: Requester): void {
    this.#disposables.add(
      this.#view.onDidChangeVisibility(() => {
        interest.request();
      }),
    );
    this.#disposables.add(
      this.#view.onDidExpandElement(({ element }) => {
        this.#expansion.set(element.id, true);
        if (element.type === 'application') this.#expandedApplications.add(element.applicationId);
        interest.request();
      }),
    );
    this.#disposables.add(
      this.#view.onDidCollapseElement(({ element }) => {
        this.#expansion.set(element.id, false);
        if (element.type === 'application') this.#expandedApplications.delete(element.applicationId);
        interest.request();
      }),
    );
  }

  get isVisible(): boolean {
    return this.#view.visible;
  }

  get onDidChangeVisibility(): vscode.Event<vscode.TreeViewVisibilityChangeEvent> {
    return this.#view.onDidChangeVisibility;
  }

  /** Calls back with the application that the selected row belongs to. */
  onDidChangeSelection(listener: (applicationId: string) => void): Disposable {
    return this.#view.onDidChangeSelection(({ selection }) => {
      const application = selection[0] === undefined ? undefined : applicationOf(selection[0]);
      if (application !== undefined) listener(application.applicationId);
    });
  }

  get selection(): readonly TreeNode[] {
    return this.#view.selection;
  }

  /** The filter as the user typed it. */
  get filterText(): string {
    return this.#provider.filter.text;
  }

  /** Shows only what matches; remembered by the workspace when `isFinal`. */
  async setFilter(text: string, isFinal: boolean): Promise<void> {
    this.#provider.setFilter(parseFilter(text));
    this.#updateView();
    if (isFinal) await this.#options.memory.update(filterKey, text.trim() === '' ? undefined : text.trim());
  }

  /** Groups by what the settings say now. */
  updateGrouping(): void {
    this.#provider.setGrouping(this.#options.settings.grouping);
  }

  /** Shows and selects the row of a target; clears a filter that hides it. */
  async reveal(target: CommandTarget): Promise<void> {
    let node = await this.#provider.find(target.applicationId, target.key, target.fieldId);
    if (node === undefined && this.filterText !== '') {
      await this.setFilter('', true);
      node = await this.#provider.find(target.applicationId, target.key, target.fieldId);
    }
    if (node === undefined) await vscode.commands.executeCommand(`${viewIds.applications}.focus`);
    else await this.#view.reveal(node, { select: true, focus: true, expand: true });
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #refresh(): void {
    const changed = new Set(this.#changed);
    const isFull = this.#isFullRefresh;
    this.#changed.clear();
    this.#isFullRefresh = false;
    this.#provider.refresh(isFull ? 'all' : changed);
    this.#updateView();
  }

  #updateView(): void {
    const { store, engine, contextKeys } = this.#options;
    const { attentionCount, hiddenCount } = this.#provider.outline;
    const total = store.applications.size;
    const isFiltered = this.filterText !== '';
    contextKeys.set('plumbline:filtered', isFiltered);
    contextKeys.set(
      'plumbline:state',
      viewState({
        engine: engine.state,
        isLoaded: store.isLoaded,
        applications: store.applications,
        repos: store.repos,
        areAllHidden: isFiltered && total > 0 && hiddenCount === total,
      }),
    );
    const message = this.#message(isFiltered, total - hiddenCount, total);
    if (!this.#shown.isNews([attentionCount, message])) return;
    this.#view.badge =
      attentionCount === 0
        ? undefined
        : {
            value: attentionCount,
            tooltip:
              attentionCount === 1
                ? vscode.l10n.t('1 application needs attention')
                : vscode.l10n.t('{0} applications need attention', attentionCount),
          };
    // Empty hides it. Deleting the property would remove the view's setter.
    this.#view.message = message;
  }

  #message(isFiltered: boolean, shown: number, total: number): string {
    const { store, engine, presenter } = this.#options;
    const parts: string[] = [];
    if (engine.state === 'failed' && total > 0)
      parts.push(vscode.l10n.t('The engine stopped: these rows are as it left them. Run Restart Engine.'));
    if (engine.state === 'restarting') parts.push(vscode.l10n.t('The engine ended and is started again.'));
    if (total > 0) {
      if (!vscode.workspace.isTrusted) parts.push(vscode.l10n.t('Restricted Mode: applications are listed, nothing is compared.'));
      for (const repo of store.repos) for (const problem of repo.problems.slice(0, 2)) parts.push(presenter.reasonWords(problem));
      // A view with a message shows no welcome content, which says it better when nothing matches.
      if (isFiltered && shown > 0) parts.push(vscode.l10n.t('Filter: {0} ({1} of {2})', this.filterText, shown, total));
    }
    return parts.join('\n');
  }

  /** Tells the engine what the user can see: expanded applications first, then those in open groups. */
  #tellInterest(): void {
    const { engine, presenter } = this.#options;
    const { groups, ungrouped } = this.#provider.outline;
    const open = groups.filter((group) => this.#isOpen(group.id, group.kind === 'suggestions'));
    const ids = new Set([...this.#expandedApplications, ...open.flatMap((group) => group.applicationIds), ...ungrouped]);
    const applicationIds = [...ids].filter((id) => this.#options.store.applications.has(id)).slice(0, mostInterests);
    const interest = { applicationIds, isViewVisible: this.#view.visible };
    if (!this.#interest.isNews(interest)) return;
    engine.notify('plumbline/interest', interest).catch((error: unknown) => {
      presenter.log('interest', error);
    });
  }

  #isOpen(groupId: string, startsCollapsed: boolean): boolean {
    return this.#expansion.get(groupNodeId(groupId)) ?? !startsCollapsed;
  }
}

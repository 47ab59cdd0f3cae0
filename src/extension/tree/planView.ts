import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import { displayName, keyString } from '../../engine/model/objects.ts';
import { isWork, type StepResult } from '../../engine/model/plan.ts';
import type { FieldDifference } from '../../engine/model/states.ts';
import {
  isOwnershipOnly,
  type SyncPlan,
  type SyncPlanApplication,
  type SyncPlans,
  type SyncProgress,
  type SyncStep,
  tickOf,
} from '../../engine/model/sync.ts';
import type { ContextKeySetter } from '../contextKeys.ts';
import { viewIds } from '../ids.ts';
import type { WordsContext } from '../words/rowText.ts';
import { releaseTexts, type TakeOverLine, takeOverLines } from '../words/takeOverText.ts';
import { actionWords, applicationFacts, syncFieldText } from '../words/syncPlanText.ts';

/** A row of the Sync Plan view. */
export type PlanNode =
  | { readonly type: 'application'; readonly id: string; readonly plan: SyncPlan; readonly application: SyncPlanApplication }
  | { readonly type: 'step'; readonly id: string; readonly step: SyncStep }
  | { readonly type: 'field'; readonly id: string; readonly step: SyncStep; readonly field: FieldDifference }
  | { readonly type: 'line'; readonly id: string; readonly line: TakeOverLine }
  | { readonly type: 'note'; readonly id: string; readonly text: string }
  | { readonly type: 'refused'; readonly id: string; readonly result: StepResult };

const stepIcons: Readonly<Record<SyncStep['action'], readonly [icon: string, color: string]>> = {
  create: ['diff-added', 'plumbline.syncedForeground'],
  configure: ['diff-modified', 'plumbline.outOfSyncForeground'],
  recreate: ['replace-all', 'plumbline.missingForeground'],
  prune: ['diff-removed', 'plumbline.missingForeground'],
  'take-over': ['key', 'plumbline.outOfSyncForeground'],
  unchanged: ['dash', 'plumbline.unverifiedForeground'],
  skipped: ['circle-slash', 'plumbline.cannotCompareForeground'],
};

const progressIcons: Readonly<Record<SyncProgress['state'], readonly [icon: string, color?: string]>> = {
  started: ['loading~spin'],
  waiting: ['sync~spin', 'plumbline.progressingForeground'],
  done: ['pass', 'plumbline.syncedForeground'],
  skipped: ['dash', 'plumbline.unverifiedForeground'],
  refused: ['circle-slash', 'plumbline.cannotCompareForeground'],
  failed: ['error', 'plumbline.degradedForeground'],
};

/** The Sync Plan view: what a sync would do, with a check box where a deletion is asked for one by one, and its progress while it runs. */
export class PlanView implements vscode.TreeDataProvider<PlanNode>, Disposable {
  readonly #contextKeys: ContextKeySetter;
  readonly #words: () => WordsContext;
  readonly #disposables = new DisposableStore();
  readonly #changes = this.#disposables.add(new vscode.EventEmitter<undefined>());
  readonly #view: vscode.TreeView<PlanNode>;
  readonly #ticks = new Set<string>();
  readonly #progress = new Map<string, SyncProgress>();
  #plans: SyncPlans = { plans: [], refused: [] };

  readonly onDidChangeTreeData = this.#changes.event;

  constructor(contextKeys: ContextKeySetter, words: () => WordsContext) {
    this.#contextKeys = contextKeys;
    this.#words = words;
    this.#view = this.#disposables.add(vscode.window.createTreeView(viewIds.plan, { treeDataProvider: this, showCollapseAll: true }));
    this.#disposables.add(
      this.#view.onDidChangeCheckboxState(({ items }) => {
        for (const [node, state] of items) {
          if (node.type !== 'step') continue;
          if (state === vscode.TreeItemCheckboxState.Checked) this.#ticks.add(tickOf(node.step));
          else this.#ticks.delete(tickOf(node.step));
        }
      }),
    );
  }

  /** The plan shown; empty when none is. */
  get plans(): SyncPlans {
    return this.#plans;
  }

  /** Ids of the steps whose boxes are checked. */
  get ticks(): ReadonlySet<string> {
    return this.#ticks;
  }

  /** Shows a plan, with nothing ticked, and the view with it. */
  show(plans: SyncPlans, ticks: readonly string[] = []): void {
    this.#plans = plans;
    this.#ticks.clear();
    for (const tick of ticks) this.#ticks.add(tick);
    this.#progress.clear();
    this.#contextKeys.set('plumbline:plan', plans.plans.length > 0 || plans.refused.length > 0);
    this.#changes.fire(undefined);
  }

  /** Forgets the plan and hides the view. */
  clear(): void {
    this.show({ plans: [], refused: [] });
  }

  /** Shows how far an object of the plan is. */
  follow(progress: SyncProgress): void {
    const { applicationId, key } = progress;
    if (key === undefined || !this.#plans.plans.some(({ id }) => id === progress.planId)) return;
    this.#progress.set(tickOf({ applicationId, key }), progress);
    this.#changes.fire(undefined);
  }

  /** The sync has ended: nothing is on its way any more, what was waited for stays as it was last seen. */
  stop(): void {
    for (const [id, progress] of this.#progress) {
      if (progress.state === 'started' || progress.state === 'waiting') this.#progress.set(id, { ...progress, state: 'skipped' });
    }
    this.#changes.fire(undefined);
  }

  getTreeItem(node: PlanNode): vscode.TreeItem {
    switch (node.type) {
      case 'application':
        return this.#applicationItem(node);
      case 'step':
        return this.#stepItem(node);
      case 'field': {
        const item = new vscode.TreeItem(syncFieldText(node.field, node.step, this.#words()));
        const isUndone = node.step.undoes.includes(node.field.id);
        item.id = node.id;
        item.iconPath = isUndone
          ? new vscode.ThemeIcon('discard', new vscode.ThemeColor('plumbline.driftedForeground'))
          : new vscode.ThemeIcon('symbol-field');
        return item;
      }
      case 'line': {
        const item = new vscode.TreeItem(node.line.text);
        item.id = node.id;
        item.tooltip = node.line.tooltip ?? node.line.text;
        item.iconPath = new vscode.ThemeIcon(node.line.tooltip === undefined ? 'tag' : 'key');
        return item;
      }
      case 'note': {
        const item = new vscode.TreeItem(node.text);
        item.id = node.id;
        item.tooltip = node.text;
        item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
        return item;
      }
      case 'refused': {
        const item = new vscode.TreeItem(displayName(node.result.key));
        item.id = node.id;
        item.description = node.result.reason === undefined ? '' : this.#words().reasonWords(node.result.reason);
        item.tooltip = item.description;
        item.iconPath = new vscode.ThemeIcon('circle-slash', new vscode.ThemeColor('plumbline.cannotCompareForeground'));
        return item;
      }
    }
  }

  getChildren(node?: PlanNode): PlanNode[] {
    if (node === undefined) {
      return [
        ...this.#plans.plans.flatMap((plan) =>
          plan.applications.map((application) => ({
            type: 'application' as const,
            id: `${plan.id}/${application.applicationId}`,
            plan,
            application,
          })),
        ),
        ...this.#plans.refused.map((result, index) => ({ type: 'refused' as const, id: `refused/${String(index)}`, result })),
      ];
    }
    if (node.type === 'application') {
      const notes = releaseTexts([node.application], this.#words().l10n);
      const steps = node.plan.steps
        .filter(({ applicationId }) => applicationId === node.application.applicationId)
        .sort((a, b) => Number(b.action !== 'unchanged') - Number(a.action !== 'unchanged'));
      return [
        ...notes.map((texts, index) => ({ type: 'note' as const, id: `${node.id}/note/${String(index)}`, text: texts.join(' ') })),
        ...steps.map((step) => ({ type: 'step' as const, id: `${node.id}/${keyString(step.key)}`, step })),
      ];
    }
    if (node.type !== 'step') return [];
    return [
      ...node.step.fields.map((field) => ({ type: 'field' as const, id: `${node.id}/${field.id}`, step: node.step, field })),
      ...takeOverLines(node.step, this.#words().l10n).map((line) => ({ type: 'line' as const, id: `${node.id}/${line.id}`, line })),
    ];
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #applicationItem({ id, plan, application }: Extract<PlanNode, { type: 'application' }>): vscode.TreeItem {
    const item = new vscode.TreeItem(application.name, vscode.TreeItemCollapsibleState.Expanded);
    const { l10n } = this.#words();
    const place = plan.environment ?? plan.context;
    item.id = id;
    item.description = `${plan.isProtected ? l10n.t('{0} (protected)', place) : place} · ${applicationFacts(application, l10n)}`;
    item.iconPath = new vscode.ThemeIcon('package');
    item.contextValue = 'plumbline:planApplication';
    return item;
  }

  #stepItem({ id, step }: Extract<PlanNode, { type: 'step' }>): vscode.TreeItem {
    const words = this.#words();
    const { l10n } = words;
    const progress = this.#progress.get(tickOf(step));
    const item = new vscode.TreeItem(
      displayName(step.key),
      step.fields.length === 0 && step.moves === undefined
        ? vscode.TreeItemCollapsibleState.None
        : step.undoes.length > 0
          ? vscode.TreeItemCollapsibleState.Expanded
          : vscode.TreeItemCollapsibleState.Collapsed,
    );
    const undone = step.undoes.length === 0 ? undefined : l10n.t('undoes {0}', step.undoes.length);
    const why = progress?.message ?? (step.reason === undefined ? undefined : words.reasonWords(step.reason));
    const owned = isOwnershipOnly(step) ? l10n.t('only who holds its fields changes') : undefined;
    item.id = id;
    item.description = [actionWords(step.action, l10n), undone, owned, why].filter((part) => part !== undefined && part !== '').join(' · ');
    item.tooltip = item.description;
    const [icon, color] = progress === undefined ? stepIcons[step.action] : progressIcons[progress.state];
    item.iconPath = color === undefined ? new vscode.ThemeIcon(icon) : new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
    item.contextValue = 'plumbline:planStep';
    item.accessibilityInformation = { label: `${displayName(step.key)}, ${item.description}` };
    if (step.tick !== undefined && isWork(step)) {
      item.checkboxState = {
        state: this.#ticks.has(tickOf(step)) ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked,
        tooltip: l10n.t('Deletes data or other objects with it: it is done only when it is ticked.'),
      };
    }
    return item;
  }
}

import * as vscode from 'vscode';
import { LastTold } from '../../base/lastTold.ts';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { EngineClient } from '../engine/engineClient.ts';
import { commandIds, viewIds } from '../ids.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';
import { summarize } from './summary.ts';

/** The one status bar item, and the engine's own state in the language status. */
export class StatusBar implements Disposable {
  readonly #store: SnapshotStore;
  /** what the item shows: each setter costs a message and a repaint */
  readonly #shown = new LastTold();
  readonly #engine: EngineClient;
  readonly #disposables = new DisposableStore();
  readonly #item = this.#disposables.add(vscode.window.createStatusBarItem('plumbline.status', vscode.StatusBarAlignment.Left, 40));
  readonly #language = this.#disposables.add(
    vscode.languages.createLanguageStatusItem('plumbline.engine', [
      { language: 'yaml', scheme: 'file' },
      { language: 'helm', scheme: 'file' },
    ]),
  );

  constructor(store: SnapshotStore, engine: EngineClient) {
    this.#store = store;
    this.#engine = engine;
    this.#item.name = 'Plumbline';
    this.#item.command = { command: `${viewIds.applications}.focus`, title: vscode.l10n.t('Show Applications') };
    this.#language.name = 'Plumbline';
    const update = (): void => {
      this.#update();
    };
    this.#disposables.add(store.onDidChange(update));
    this.#disposables.add(engine.onDidChangeState(update));
    this.#update();
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #update(): void {
    const { state } = this.#engine;
    this.#updateLanguage();
    if (state === 'failed') {
      this.#show('error', vscode.l10n.t('engine stopped'), [this.#engine.failure?.message ?? ''], true);
      return;
    }
    if ((state === 'starting' || state === 'running') && !this.#store.isLoaded) {
      this.#show('loading~spin', vscode.l10n.t('starting…'), [], false);
      return;
    }
    const summary = summarize(this.#store.applications.values(), this.#store.clusters, vscode.l10n);
    if (summary === undefined) {
      this.#shown.forget();
      this.#item.hide();
    } else this.#show(summary.icon, summary.text, summary.tooltip, false);
  }

  #show(icon: string, text: string, tooltip: readonly string[], isWarning: boolean): void {
    if (!this.#shown.isNews([icon, text, tooltip, isWarning])) return;
    this.#item.text = `$(${icon}) ${text}`;
    this.#item.accessibilityInformation = { label: `Plumbline: ${text}` };
    this.#item.tooltip = ['Plumbline', ...tooltip].join('\n');
    this.#item.backgroundColor = isWarning ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.show();
  }

  #updateLanguage(): void {
    const { state } = this.#engine;
    this.#language.busy = state === 'starting' || state === 'restarting';
    this.#language.text = {
      idle: vscode.l10n.t('Plumbline: not started'),
      starting: vscode.l10n.t('Plumbline: starting'),
      running: vscode.l10n.t('Plumbline: ready'),
      restarting: vscode.l10n.t('Plumbline: restarting'),
      failed: vscode.l10n.t('Plumbline: stopped'),
    }[state];
    this.#language.severity = state === 'failed' ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    this.#language.command =
      state === 'failed'
        ? { command: commandIds.restartEngine, title: vscode.l10n.t('Restart') }
        : { command: commandIds.showLog, title: vscode.l10n.t('Show Log') };
  }
}

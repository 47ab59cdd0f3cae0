import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ErrorPresenter } from '../errorPresenter.ts';
import { commandIds } from '../ids.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';

/** Offers to finish a sync that was cut off: once for each, when it is first seen. */
export class UnfinishedSyncs implements Disposable {
  readonly #store: SnapshotStore;
  readonly #presenter: ErrorPresenter;
  readonly #offered = new Set<string>();
  readonly #subscription: Disposable;

  constructor(store: SnapshotStore, presenter: ErrorPresenter) {
    this.#store = store;
    this.#presenter = presenter;
    this.#subscription = store.onDidChange(() => {
      this.#look();
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #look(): void {
    for (const { id, unfinishedSync } of this.#store.applications.values()) {
      const offer = `${id}\n${unfinishedSync?.at ?? ''}`;
      if (unfinishedSync === undefined || this.#offered.has(offer)) continue;
      this.#offered.add(offer);
      this.#offer(id).catch((error: unknown) => {
        this.#presenter.log('unfinished sync', error);
      });
    }
  }

  async #offer(applicationId: string): Promise<void> {
    const row = this.#store.applications.get(applicationId);
    if (row?.unfinishedSync === undefined) return;
    const [sync, showHistory] = [vscode.l10n.t('Sync…'), vscode.l10n.t('Show History')];
    const choice = await vscode.window.showWarningMessage(
      vscode.l10n.t('The sync of {0} by {1} did not end. Sync again to finish it.', row.name, row.unfinishedSync.by),
      sync,
      showHistory,
    );
    if (choice === sync) await vscode.commands.executeCommand(commandIds.sync, { applicationId });
    if (choice === showHistory) await vscode.commands.executeCommand(commandIds.showHistory, { applicationId });
  }
}

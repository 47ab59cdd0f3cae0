import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle.ts';
import { toDisposable } from '../../base/lifecycle.ts';
import type { ContextKeySetter } from '../contextKeys.ts';
import type { Documents } from '../diff/documents.ts';
import type { EngineClient } from '../engine/engineClient.ts';
import type { ErrorPresenter } from '../errorPresenter.ts';
import type { CommandId } from '../ids.ts';
import type { Settings } from '../settings.ts';
import type { SnapshotStore } from '../store/snapshotStore.ts';
import type { ApplicationsView } from '../tree/applicationsView.ts';
import type { HistoryView } from '../tree/historyView.ts';
import type { PlanView } from '../tree/planView.ts';
import type { WordsContext } from '../words/rowText.ts';
import type { CommitService } from './commitService.ts';

/** What commands work with. */
export interface Services {
  readonly store: SnapshotStore;
  readonly engine: EngineClient;
  readonly presenter: ErrorPresenter;
  readonly documents: Documents;
  readonly view: ApplicationsView;
  readonly planView: PlanView;
  readonly historyView: HistoryView;
  readonly commits: CommitService;
  readonly settings: Settings;
  readonly contextKeys: ContextKeySetter;
  readonly log: vscode.LogOutputChannel;
  readonly words: () => WordsContext;
}

/** Handles a command; gets its arguments unchecked, since anyone may run it. */
export type CommandHandler = (argument: unknown, selection: unknown) => Promise<void>;

/** Registers commands; what a handler throws is shown by the presenter. */
export function registerCommands(presenter: ErrorPresenter, handlers: Partial<Readonly<Record<CommandId, CommandHandler>>>): Disposable {
  const registrations = Object.entries(handlers).map(([id, handler]) =>
    vscode.commands.registerCommand(id, async (argument: unknown, selection: unknown) => {
      try {
        await handler(argument, selection);
      } catch (error) {
        await presenter.show(error);
      }
    }),
  );
  return toDisposable(() => {
    for (const registration of registrations) registration.dispose();
  });
}

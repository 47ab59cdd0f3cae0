import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { Services } from '../commands/services.ts';
import type { FileMarks } from '../decorations/fileMarks.ts';
import { commandIds } from '../ids.ts';
import type { EngineState } from './engineClient.ts';

/** Ties the engine's life to the editor's: when it starts, what it is told, and what happens when it ends. */
export class EngineSupervisor implements Disposable {
  readonly #services: Services;
  readonly #marks: FileMarks;
  readonly #disposables = new DisposableStore();

  constructor(services: Services, marks: FileMarks) {
    this.#services = services;
    this.#marks = marks;
    const { engine, store } = services;
    this.#disposables.add(
      engine.on('plumbline/changed', ({ epoch, version, applicationIds }) => {
        store.changed({ epoch, version }, applicationIds);
      }),
    );
    this.#disposables.add(
      engine.onDidChangeState((state) => {
        this.#follow(state);
      }),
    );
    this.#disposables.add(
      store.onDidChange(() => {
        if ([...store.applications.values()].every((row) => row.state !== 'pending')) marks.dropOutdated();
      }),
    );
    const sendSettings = (): void => {
      this.#run('settings', () => engine.notify('plumbline/settings', services.settings.engine()));
    };
    this.#disposables.add(vscode.workspace.onDidGrantWorkspaceTrust(sendSettings));
    this.#disposables.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        // Protected branches and sign-off are settings of the Git extension too.
        if (event.affectsConfiguration('plumbline') || event.affectsConfiguration('git')) sendSettings();
      }),
    );
    this.#disposables.add(
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        this.startSoon();
      }),
    );
  }

  /** Starts the engine in the next turn, when a folder is open: activation itself stays short. */
  startSoon(): void {
    if ((vscode.workspace.workspaceFolders ?? []).length === 0) return;
    const handle = setImmediate(() => {
      this.#run('start', () => this.#services.engine.start());
    });
    this.#disposables.add({
      dispose: () => {
        clearImmediate(handle);
      },
    });
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #follow(state: EngineState): void {
    if (state === 'running') {
      this.#marks.outdate();
      this.#services.store.restart();
      this.#services.documents.refreshAll();
      this.#run('contexts', () => this.#askContexts());
    } else if (state === 'failed') this.#run('failed', () => this.#offerRestart());
  }

  async #askContexts(): Promise<void> {
    const { contexts } = await this.#services.engine.request('plumbline/contexts', null);
    this.#services.contextKeys.set('plumbline:contexts', contexts.length === 0 ? 'none' : 'some');
  }

  async #offerRestart(): Promise<void> {
    const restart = vscode.l10n.t('Restart');
    const showLog = vscode.l10n.t('Show Log');
    const choice = await vscode.window.showErrorMessage(
      vscode.l10n.t('Plumbline’s engine stopped and was not started again: {0}', this.#services.engine.failure?.message ?? ''),
      restart,
      showLog,
    );
    if (choice === restart) await vscode.commands.executeCommand(commandIds.restartEngine);
    if (choice === showLog) await vscode.commands.executeCommand(commandIds.showLog);
  }

  #run(name: string, task: () => Promise<void>): void {
    task().catch((error: unknown) => {
      this.#services.presenter.log(name, error);
    });
  }
}

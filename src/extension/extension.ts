import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { registerCommitCommands } from './commands/commitCommands.ts';
import { CommitService } from './commands/commitService.ts';
import { registerLazyCommands } from './commands/lazyCommands.ts';
import { registerRollbackCommands } from './commands/rollbackCommands.ts';
import type { Services } from './commands/services.ts';
import { registerSourceCommands } from './commands/sourceCommands.ts';
import { registerSyncCommands } from './commands/syncCommands.ts';
import { registerViewCommands } from './commands/viewCommands.ts';
import { ContextKeySetter } from './contextKeys.ts';
import { FileBadges, HealthBadges } from './decorations/badges.ts';
import { FileMarks } from './decorations/fileMarks.ts';
import { LineDecorations } from './decorations/lineDecorations.ts';
import { Documents } from './diff/documents.ts';
import type { ServerAnswers } from './engine/connection.ts';
import { EngineClient } from './engine/engineClient.ts';
import { EngineSupervisor } from './engine/engineSupervisor.ts';
import { ErrorPresenter } from './errorPresenter.ts';
import { documentScheme } from './ids.ts';
import { Settings } from './settings.ts';
import { StatusBar } from './status/statusBar.ts';
import { SnapshotStore } from './store/snapshotStore.ts';
import { ApplicationsView } from './tree/applicationsView.ts';
import { ClustersView } from './tree/clustersView.ts';
import { HistoryView } from './tree/historyView.ts';
import { UnfinishedSyncs } from './tree/unfinishedSyncs.ts';
import { PlanView } from './tree/planView.ts';
import type { WordsContext } from './words/rowText.ts';

/** Composes the extension; the engine's process is started after this returned. */
export function activate(context: vscode.ExtensionContext): void {
  const startedAt = performance.now();
  const disposables = new DisposableStore();
  context.subscriptions.push(disposables);
  const log = disposables.add(vscode.window.createOutputChannel('Plumbline', { log: true }));
  const presenter = new ErrorPresenter(log);
  const settings = disposables.add(new Settings(context.workspaceState));
  const contextKeys = new ContextKeySetter();
  const words = (): WordsContext => ({
    l10n: vscode.l10n,
    nowMs: Date.now(),
    locale: vscode.env.language,
    reasonWords: (reason) => presenter.reasonWords(reason),
  });

  const engine = disposables.add(
    new EngineClient({
      module: vscode.Uri.joinPath(context.extensionUri, 'dist', 'server.mjs').fsPath,
      initializationOptions: () => settings.initializationOptions(context.globalStorageUri),
      answers: serverAnswers,
      log,
    }),
  );
  const store = disposables.add(makeStore(engine, presenter));
  const documents = disposables.add(new Documents(engine, presenter));
  const marks = disposables.add(new FileMarks(engine));
  const lineDecorations = disposables.add(new LineDecorations(context.extensionUri, marks, settings, words));
  const badges = disposables.add(new FileBadges(marks, settings));
  const view = disposables.add(
    new ApplicationsView({ store, engine, presenter, settings, contextKeys, memory: context.workspaceState, words }),
  );
  const planView = disposables.add(new PlanView(contextKeys, words));
  const historyView = disposables.add(new HistoryView({ store, engine, presenter, contextKeys, words }));
  disposables.add(new UnfinishedSyncs(store, presenter));
  disposables.add(
    view.onDidChangeSelection((applicationId) => {
      historyView.setApplication(applicationId);
    }),
  );
  disposables.add(new ClustersView(store, words));
  disposables.add(new StatusBar(store, engine));
  disposables.add(vscode.workspace.registerTextDocumentContentProvider(documentScheme, documents));
  disposables.add(vscode.window.registerFileDecorationProvider(badges));
  disposables.add(vscode.window.registerFileDecorationProvider(new HealthBadges()));

  const commits = disposables.add(new CommitService({ engine, presenter, documents, contextKeys, log, words }));
  const services: Services = {
    store,
    engine,
    presenter,
    documents,
    view,
    planView,
    historyView,
    commits,
    settings,
    contextKeys,
    log,
    words,
  };
  for (const register of commandGroups) disposables.add(register(services));
  const supervisor = disposables.add(new EngineSupervisor(services, marks));
  disposables.add(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('plumbline.tree')) view.updateGrouping();
      if (event.affectsConfiguration('plumbline.decorations')) {
        lineDecorations.paintAll();
        badges.refreshAll();
      }
    }),
  );
  supervisor.startSoon();
  const { version } = context.extension.packageJSON as { version: string };
  const elapsedMs = Math.round(performance.now() - startedAt);
  log.info(
    `[extension] version=${version} editor=${vscode.version} trusted=${String(vscode.workspace.isTrusted)} activateMs=${String(elapsedMs)}`,
  );
  context.subscriptions.push({ dispose: () => void engine.stop() });
}

const commandGroups: readonly ((services: Services) => Disposable)[] = [
  registerLazyCommands,
  registerSyncCommands,
  registerCommitCommands,
  registerRollbackCommands,
  registerSourceCommands,
  registerViewCommands,
];

/** The rows that the views show, pulled from the engine. */
function makeStore(engine: EngineClient, presenter: ErrorPresenter): SnapshotStore {
  return new SnapshotStore(
    {
      snapshot: (params) => engine.request('plumbline/snapshot', params),
      objects: async (applicationId) => (await engine.request('plumbline/objects', { applicationId })).objects,
      children: async (applicationId, key, uid) =>
        (await engine.request('plumbline/children', { applicationId, key, ...(uid === undefined ? {} : { uid }) })).children,
    },
    (error) => {
      presenter.log('snapshot', error);
    },
  );
}

/** Answers what the engine asks of the editor; the code is loaded at first use. */
const serverAnswers: ServerAnswers = {
  'plumbline/push': async (request) => new (await import('./engine/gitExtension.ts')).GitExtension().push(request),
  'plumbline/fetch': async (request) => new (await import('./engine/gitExtension.ts')).GitExtension().fetch(request),
};

import {
  type CodeAction,
  type CodeLens,
  type Connection,
  type Hover,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
  type TextDocuments,
} from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { fileURLToPath } from 'node:url';
import { BackgroundRunner } from '../base/async.ts';
import { isAppError, toError } from '../base/errors.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { Engine } from '../engine/engine.ts';
import { describe } from '../engine/model/describe.ts';
import type { EngineSettings } from '../engine/model/settings.ts';
import type { ClientNotifications } from '../protocol/messages.ts';
import { toInitializationOptions, toSettings } from '../protocol/validate.ts';
import { codeActionsOf, marksOn } from './codeActions.ts';
import { editorRemotes, registerCommitRequests } from './commitRequests.ts';
import { MarkPublisher } from './diagnostics.ts';
import { followDocuments, tellOfDocuments, toFile } from './documents.ts';
import { configHover, hoverOf } from './hover.ts';
import { ignoreOffers } from './ignoreOffers.ts';
import { languageCapabilities, registerLanguage } from './language.ts';
import { Lenses } from './lenses.ts';
import { orNothing } from './cancellation.ts';
import { Publisher } from './publisher.ts';
import { registerRequests } from './requests.ts';
import { registerRollbackRequests } from './rollbackRequests.ts';
import { registerSyncRequests } from './syncRequests.ts';

/** Wires the engine to the protocol; holds no truth of its own. */
export class PlumblineServer implements Disposable {
  readonly #connection: Connection;
  readonly #documents: TextDocuments<TextDocument>;
  readonly #store = new DisposableStore();
  readonly #log: Logger;
  readonly #background: BackgroundRunner;

  constructor(connection: Connection, documents: TextDocuments<TextDocument>) {
    this.#connection = connection;
    this.#documents = documents;
    this.#log = toLogger(connection);
    this.#background = this.#store.add(
      new BackgroundRunner((name, error) => {
        this.#log.error(
          `[${name}] ${isAppError(error) ? describe(error.code, error.details) : (toError(error).stack ?? toError(error).message)}`,
        );
      }),
    );
  }

  /** Starts to answer; the engine is made at `initialize`, the folders are opened in the background after it. */
  listen(): void {
    this.#connection.onInitialize((params) => this.#initialize(params));
    this.#connection.onShutdown(() => {
      this.dispose();
    });
    this.#connection.listen();
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #initialize(params: InitializeParams): Promise<InitializeResult> {
    const options = toInitializationOptions(params.initializationOptions);
    const engine = this.#store.add(await Engine.create({ ...options, logger: this.#log, remotes: editorRemotes(this.#connection) }));
    const publisher = this.#store.add(
      new Publisher(engine, (change) => {
        this.#background.run('tell of a change', () => this.#connection.sendNotification('plumbline/changed', change));
      }),
    );
    const { promise: opened, resolve: tellOpened } = Promise.withResolvers<undefined>();
    registerRequests(this.#connection, engine, publisher, opened, this.#background);
    registerSyncRequests(this.#connection, engine.syncs, this.#background);
    registerCommitRequests(this.#connection, engine.commits);
    registerRollbackRequests(this.#connection, engine.rollbacks);
    this.#followEditor(engine, options.settings);
    const folders = (params.workspaceFolders ?? []).flatMap((folder) => toFile(folder.uri) ?? []);
    this.#connection.onInitialized(() => {
      this.#background.run('open the folders', async () => {
        await Promise.allSettled(folders.map((folder) => this.#openFolder(engine, folder)));
        tellOpened(undefined);
      });
      this.#connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const { uri } of removed) engine.closeFolder(fileURLToPath(uri));
        for (const { uri } of added) this.#background.run(`open ${uri}`, () => this.#openFolder(engine, fileURLToPath(uri)));
      });
    });
    return {
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        hoverProvider: true,
        codeActionProvider: true,
        ...languageCapabilities,
        codeLensProvider: { resolveProvider: false },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  }

  async #openFolder(engine: Engine, folder: string): Promise<void> {
    try {
      await engine.openFolder(folder);
    } catch (error) {
      this.#log.error(`[open ${folder}] ${isAppError(error) ? describe(error.code, error.details) : toError(error).message}`);
    }
  }

  #followEditor(engine: Engine, initial: EngineSettings): void {
    const connection = this.#connection;
    let settings = initial;
    this.#store.add(followDocuments(connection, this.#documents, engine));
    const marks = this.#store.add(
      new MarkPublisher(connection, engine, this.#background, (uri) =>
        settings.decorationsEnabled ? this.#documents.get(uri) : undefined,
      ),
    );
    const publishMarks = ({ document }: { document: TextDocument }): void => {
      const file = toFile(document.uri);
      if (file !== undefined) marks.publish(file);
    };
    this.#store.add(this.#documents.onDidOpen(publishMarks));
    this.#store.add(this.#documents.onDidClose(publishMarks));
    connection.onNotification('plumbline/settings', (raw: unknown) => {
      settings = toSettings(raw);
      engine.updateSettings(settings);
      lenses.settingsChanged();
    });
    connection.onNotification('plumbline/interest', (interest: ClientNotifications['plumbline/interest']) => {
      engine.setInterest(interest);
    });
    const onError = (error: unknown): void => {
      this.#log.warn(`[language] ${isAppError(error) ? describe(error.code, error.details) : toError(error).message}`);
    };
    registerLanguage(connection, engine, onError);
    connection.onHover(({ textDocument, position: { line } }, token) =>
      orNothing<Hover | null>(token, null, onError, async (signal) => {
        const file = toFile(textDocument.uri);
        if (file === undefined) return null;
        const key = await engine.editor.configKey(file, line);
        return key === undefined
          ? hoverOf(engine.marks(file), line, await engine.editor.lineFacts(file, line, signal))
          : configHover(key, line);
      }),
    );
    connection.onCodeAction(({ textDocument, range: { start, end } }, token) =>
      orNothing<CodeAction[]>(token, [], onError, async (signal) => {
        const file = toFile(textDocument.uri);
        if (file === undefined) return [];
        const marks = engine.marks(file);
        const offers = await ignoreOffers(marksOn(marks, start.line, end.line), engine, signal);
        return codeActionsOf(marks, start.line, end.line, offers);
      }),
    );
    const lenses = this.#store.add(
      new Lenses({
        engine,
        background: this.#background,
        settings: () => settings,
        refresh: () => {
          this.#background.run('refresh code lenses', () => connection.sendRequest('workspace/codeLens/refresh'));
        },
      }),
    );
    connection.onCodeLens(({ textDocument }, token) =>
      orNothing<CodeLens[]>(token, [], onError, async () => {
        const file = toFile(textDocument.uri);
        return file === undefined ? [] : lenses.provide(file);
      }),
    );
    this.#store.add(
      this.#documents.onDidClose(({ document }) => {
        lenses.forget(toFile(document.uri) ?? '');
      }),
    );
    this.#store.add(
      tellOfDocuments(engine, (change) => {
        this.#background.run('tell of documents', () => connection.sendNotification('plumbline/documentsChanged', change));
      }),
    );
  }
}

function toLogger(connection: Connection): Logger {
  const { console } = connection;
  return {
    trace: (message) => {
      console.debug(message);
    },
    debug: (message) => {
      console.debug(message);
    },
    info: (message) => {
      console.info(message);
    },
    warn: (message) => {
      console.warn(message);
    },
    error: (message) => {
      console.error(message);
    },
  };
}

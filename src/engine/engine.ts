import { BackgroundRunner } from '../base/async.ts';
import { AppError, isAppError, toError } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import type { ApplicationSession } from './sessions/applicationSession.ts';
import { manageText } from './apps/manageText.ts';
import { configFileName } from './apps/configFile.ts';
import { ClusterHub } from './live/clusterHub.ts';
import type { ApiCounters } from './cluster/api.ts';
import type { CommitApi } from './commits/commitApi.ts';
import { Commits } from './commits/commits.ts';
import { ClusterDocuments } from './live/clusterDocuments.ts';
import type { ContextList, EngineApi, ExecutionProgress, Interest, RevertPlans } from './engineApi.ts';
import { type EditorApi, EditorFacts } from './editor/editorApi.ts';
import { createServices, type EngineOptions, type EngineOverrides, type EngineServices } from './engineServices.ts';
import { fileProblems } from './editor/fileProblems.ts';
import { usesOf } from './editor/fileUses.ts';
import { followClusters } from './live/followClusters.ts';
import { IgnoreEdits } from './writebacks/ignoreEdits.ts';
import { Ignores, type IgnoresApi } from './ignores.ts';
import type { Application } from './model/application.ts';
import { describe } from './model/describe.ts';
import type { FileProblem, FileUse } from './model/files.ts';
import type { RevertTarget, StepResult } from './model/plan.ts';
import { reasonOf } from './model/reasons.ts';
import type { RenderResult } from './model/render.ts';
import type { EngineSettings } from './model/settings.ts';
import type { Side } from './model/sides.ts';
import type { ApplicationRow, ChildRow, ClusterRow, LineMark, ObjectRow, RepoRow, SideDocument } from './model/snapshot.ts';
import type { Reason } from './model/states.ts';
import { LiveRouter } from './live/liveRouter.ts';
import { childRowsOf, objectRowsOf } from './sessions/objectRows.ts';
import type { SourceTree } from './model/sourceTree.ts';
import { Provenances } from './editor/provenances.ts';
import { startRegularWork } from './regularWork.ts';
import { RepoSession } from './sessions/repoSession.ts';
import { Reverts } from './syncs/reverts.ts';
import type { RollbackApi } from './rollbacks/rollbackApi.ts';
import { Rollbacks } from './rollbacks/rollbacks.ts';
import { SideDocuments } from './sessions/sideDocuments.ts';
import type { SyncApi } from './syncs/syncApi.ts';
import { Syncs } from './syncs/syncs.ts';
import { Workspace, type WorkspaceListener } from './sessions/workspace.ts';
import { type FoundSession, Workspaces } from './sessions/workspaces.ts';
import { Writebacks } from './writebacks/writebacks.ts';

/** The settings as they are now. */
interface SettingsCell {
  current: EngineSettings;
}

/** The product without any editor: composes the rooms, answers server and CLI. One per editor window or CLI run. */
export class Engine implements EngineApi, Disposable {
  readonly #store = new DisposableStore();
  readonly #log: Logger;
  readonly #background: BackgroundRunner;
  readonly #services: EngineServices;
  readonly #hub: ClusterHub;
  readonly #documents: SideDocuments;
  readonly #clusterDocuments: ClusterDocuments;
  readonly #reverts: Reverts;
  readonly #router = new LiveRouter<ApplicationSession>();
  readonly #workspaces: Workspaces;
  readonly #rows = this.#store.add(new Emitter<readonly string[]>());
  readonly #marks = this.#store.add(new Emitter<readonly string[]>());
  readonly #documentChanges = this.#store.add(new Emitter<{ applicationId: string; keys: readonly string[] }>());
  readonly #settings: SettingsCell;
  readonly #overrides: EngineOverrides;
  #interest: Interest = { applicationIds: [], isViewVisible: false };

  readonly editor: EditorApi;
  readonly syncs: SyncApi;
  readonly commits: CommitApi;
  readonly rollbacks: RollbackApi;
  readonly provenances: Provenances;
  readonly writebacks: Writebacks;
  readonly ignoreEdits: IgnoreEdits;
  readonly onDidChangeRows = this.#rows.event;
  readonly onDidChangeMarks = this.#marks.event;
  readonly onDidChangeDocuments = this.#documentChanges.event;
  readonly ignores: IgnoresApi = new Ignores((applicationId) => this.#workspaces.find(applicationId));

  private constructor(options: EngineOptions, services: EngineServices, background: BackgroundRunner, settings: SettingsCell) {
    this.#log = options.logger;
    this.#settings = settings;
    this.#overrides = options.overrides ?? {};
    this.#background = this.#store.add(background);
    this.#services = this.#store.add(services);
    this.#workspaces = this.#store.add(
      new Workspaces({
        background: this.#background,
        make: (folder) => this.#openWorkspace(folder),
        onArrival: (folder) => {
          this.#background.run(`open ${folder}`, (signal) => this.openFolder(folder, signal));
        },
      }),
    );
    this.editor = new EditorFacts(this.#workspaces, services.renderer);
    this.provenances = new Provenances(this.#workspaces, services.fieldLines);
    this.writebacks = new Writebacks(this.#workspaces, services.fieldLines, services.renderer);
    this.ignoreEdits = new IgnoreEdits(this.#workspaces, services.fieldLines.jq);
    this.#hub = this.#store.add(new ClusterHub(this.#services.pool, this.#background));
    this.#documents = new SideDocuments(this.#services.renderer);
    this.#clusterDocuments = new ClusterDocuments(this.#hub);
    this.#reverts = new Reverts(this.#log);
    const known = (id: string): FoundSession => this.#workspaces.known(id);
    const requireTrust = (): void => {
      this.#requireTrust();
    };
    this.syncs = new Syncs({ ...services, logger: this.#log, known, requireTrust });
    this.commits = new Commits({
      ...options,
      ...services,
      requireTrust,
      workspaces: this.#workspaces,
      settings: () => settings.current.commit,
    });
    this.rollbacks = new Rollbacks({ renderer: services.renderer, syncs: this.syncs, commits: this.commits, known, requireTrust });
    this.#store.add(
      followClusters({
        pool: this.#services.pool,
        hub: this.#hub,
        router: this.#router,
        views: services.owners,
        background: this.#background,
        sessions: () => this.#workspaces.sessions(),
        onClusters: () => {
          this.#rows.fire([]);
        },
      }),
    );
    startRegularWork({ workspaces: this.#workspaces, settings: () => settings.current, background: this.#background, log: this.#log });
  }

  /** Makes an engine. It starts no process and opens no connection before a folder is opened and something of it is wanted. */
  static async create(options: EngineOptions): Promise<Engine> {
    const background = new BackgroundRunner((name, error) => {
      const text = isAppError(error) ? describe(error.code, error.details) : (toError(error).stack ?? String(error));
      options.logger.error(`[${name}] ${text}`);
    });
    const settings: SettingsCell = { current: options.settings };
    return new Engine(options, await createServices(options, () => settings.current, background), background, settings);
  }

  /** Opens the repository that a folder belongs to and reads it; a folder without one is told of in {@link repos}. */
  async openFolder(folder: string, signal: AbortSignal = this.#background.signal): Promise<void> {
    await this.#workspaces.open(folder, signal);
    this.#rows.fire([]);
  }

  /** Forgets a folder, and its repository when no other open folder lies in it. */
  closeFolder(folder: string): void {
    this.#workspaces.close(folder);
    this.#rows.fire([]);
  }

  /** Takes changed settings; what depends on them is read again. */
  updateSettings(settings: EngineSettings): void {
    const before = this.#settings.current;
    this.#settings.current = settings;
    const isNew = (name: keyof EngineSettings): boolean => JSON.stringify(before[name]) !== JSON.stringify(settings[name]);
    if (isNew('kubeconfig')) this.#services.reloadKubeconfig();
    if (isNew('isTrusted') || isNew('chosenDestinations') || isNew('gitPath') || isNew('kubeconfig') || isNew('allowRemoteSources')) {
      for (const workspace of this.#workspaces.all()) workspace.repo.refresh(true);
    }
    if (isNew('isTrusted')) this.#rows.fire(this.applicationIds());
    this.#activateWanted();
  }

  applications(): readonly ApplicationRow[] {
    return this.#workspaces.sessions().map((session) => session.row());
  }

  applicationIds(): readonly string[] {
    return this.#workspaces.sessions().map((session) => session.application.id);
  }

  row(applicationId: string): ApplicationRow | undefined {
    return this.#workspaces.find(applicationId)?.session.row();
  }

  clusters(): readonly ClusterRow[] {
    return this.#hub.rows();
  }

  repos(): readonly RepoRow[] {
    return this.#workspaces.repoRows();
  }

  objects(applicationId: string): readonly ObjectRow[] {
    const found = this.#workspaces.find(applicationId);
    return found === undefined ? [] : objectRowsOf(found.session, found.workspace.repo.found.rules);
  }

  children(applicationId: string, key: string, uid: string | undefined): readonly ChildRow[] {
    const session = this.#workspaces.find(applicationId)?.session;
    return session === undefined ? [] : childRowsOf(session, key, uid);
  }

  marks(file: string): readonly LineMark[] {
    return this.#workspaces.inFile(file, (workspace, path) => workspace.marks.marks(path)) ?? [];
  }

  problems(file: string): readonly FileProblem[] {
    return this.#workspaces.inFile(file, (workspace, path) => fileProblems(workspace, path)) ?? [];
  }

  uses(file: string): FileUse {
    return this.#workspaces.inFile(file, (workspace, path) => usesOf(workspace, path)) ?? { applicationIds: [], rows: [] };
  }

  sideDocument(applicationId: string, key: string, side: Side, allFields: boolean, signal: AbortSignal): Promise<SideDocument> {
    const { workspace, session } = this.#workspaces.known(applicationId);
    return this.#documents.text(session, workspace.repo, key, side, allFields, signal);
  }

  liveYaml(context: string, apiVersion: string, key: string, signal: AbortSignal): Promise<SideDocument> {
    return this.#clusterDocuments.liveYaml(context, apiVersion, key, signal);
  }

  events(context: string, key: string, signal: AbortSignal): Promise<SideDocument> {
    return this.#clusterDocuments.events(context, key, signal);
  }

  logs(
    target: { context: string; namespace: string; pod: string; container: string; tailLines: number },
    signal: AbortSignal,
  ): Promise<SideDocument> {
    return this.#clusterDocuments.logs(target, signal);
  }

  async planRevert(targets: readonly RevertTarget[], signal: AbortSignal): Promise<RevertPlans> {
    this.#requireTrust();
    return this.#reverts.plan(
      targets.map((target) => ({ target, ...this.#workspaces.known(target.applicationId) })),
      signal,
    );
  }

  async execute(planId: string, onProgress: (progress: ExecutionProgress) => void, signal: AbortSignal): Promise<readonly StepResult[]> {
    this.#requireTrust();
    return this.#reverts.execute(planId, onProgress, signal);
  }

  async contexts(): Promise<ContextList> {
    try {
      const contexts = await this.#services.pool.contexts();
      return { contexts: contexts.map(({ name, namespace, isCurrent }) => ({ name, namespace: namespace ?? 'default', isCurrent })) };
    } catch (error) {
      return { contexts: [], problem: reasonOf(error) };
    }
  }

  async namespaces(context: string, signal: AbortSignal): Promise<{ namespaces: readonly string[]; problem?: Reason }> {
    try {
      return { namespaces: await this.#clusterDocuments.namespaces(context, this.#services.pool, signal) };
    } catch (error) {
      signal.throwIfAborted();
      return { namespaces: [], problem: reasonOf(error) };
    }
  }

  async manageText(applicationId: string, environment: string, signal: AbortSignal): Promise<{ file: string; text: string }> {
    const { workspace, session } = this.#workspaces.known(applicationId);
    const { application } = session;
    const { destination } = application;
    if (destination === undefined) throw new AppError('no-destination', { application: application.name });
    const connection = await this.#hub.connect({ applicationId, ...destination }, signal);
    const text = manageText(await workspace.repo.workingTree.readText(configFileName), application, {
      name: environment,
      context: destination.context,
      isProtected: false,
      allowDirty: false,
      ...(connection.uid === undefined ? {} : { clusterUid: connection.uid }),
    });
    return { file: `${workspace.repo.root}/${configFileName}`, text };
  }

  async signIn(context: string, signal: AbortSignal): Promise<void> {
    this.#requireTrust();
    await this.#hub.existing(context)?.signIn(signal);
    for (const session of this.#workspaces.sessions()) if (session.application.destination?.context === context) session.refresh();
  }

  setBuffer(file: string, text: string | undefined): void {
    this.#workspaces.setBuffer(file, text);
  }

  setInterest(interest: Interest): void {
    this.#interest = interest;
    this.#activateWanted();
  }

  async refresh(applicationId: string | undefined, options: { fetch: boolean }, signal: AbortSignal): Promise<void> {
    await Promise.all([this.#hub.lookAgain(), this.#reread(applicationId, options, signal)]);
    await this.settled();
  }

  async #reread(applicationId: string | undefined, options: { fetch: boolean }, signal: AbortSignal): Promise<void> {
    await this.#workspaces.openStray(signal);
    for (const workspace of this.#workspaces.all()) {
      if (applicationId !== undefined && workspace.session(applicationId) === undefined) continue;
      if (options.fetch) {
        const reason = await workspace.repo.fetch(signal);
        if (reason !== undefined) this.#log.warn(`[fetch] ${describe(reason.code, reason.details)}`);
      }
      await workspace.repo.reread(signal);
    }
    for (const session of this.#workspaces.sessions())
      if (applicationId === undefined || session.application.id === applicationId) session.refresh();
  }

  /** Compares these applications (all with a destination when none is named) and waits until each has its verdicts. For the CLI and tests. */
  async check(applicationIds: readonly string[] | undefined): Promise<void> {
    for (const session of this.#workspaces.sessions()) if (applicationIds?.includes(session.application.id) ?? true) session.activate();
    await this.settled();
  }

  /** Resolves when nothing is being read or compared. */
  async settled(): Promise<void> {
    await Promise.all(this.#workspaces.sessions().map((session) => session.settled()));
  }

  /** The session of an application, for the CLI's JSON. */
  session(applicationId: string): ApplicationSession | undefined {
    return this.#workspaces.find(applicationId)?.session;
  }

  /** Renders an application from a tree, without any cluster. For the CLI. */
  renderFrom(application: Application, tree: SourceTree, signal: AbortSignal): Promise<RenderResult> {
    return this.#services.renderer.render(application, tree, undefined, signal);
  }

  /** What was sent to the clusters so far. For the CLI and the bench. */
  counters(): readonly ApiCounters[] {
    return this.#services.pool.connections().map((connection) => connection.counters);
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #openWorkspace(folder: string): Promise<Workspace | undefined> {
    const { renderer, checker } = this.#services;
    const isTrusted = (): boolean => this.#settings.current.isTrusted;
    const repo = await RepoSession.open(folder, {
      git: this.#services.gitOptions(),
      background: this.#background,
      chosenDestinations: () => this.#settings.current.chosenDestinations,
      allowPlainFolder: this.#overrides.adHoc !== undefined,
      ...(this.#overrides.revision === undefined ? {} : { revision: this.#overrides.revision }),
    });
    if (repo === undefined) return undefined;
    const services = { hub: this.#hub, renderer, checker, background: this.#background, router: this.#router, isTrusted };
    return new Workspace(repo, services, this.#listening(), this.#background, this.#overrides);
  }

  #listening(): WorkspaceListener {
    return {
      onRow: (id) => {
        this.#rows.fire([id]);
      },
      onApplications: (ids) => {
        this.#activateWanted();
        this.#rows.fire(ids);
      },
      onDocuments: (applicationId, keys) => {
        this.#documentChanges.fire({ applicationId, keys });
      },
      onFiles: (files) => {
        this.#marks.fire(files);
      },
    };
  }

  #activateWanted(): void {
    if (!this.#settings.current.isTrusted) return;
    for (const session of this.#workspaces.sessions()) {
      const isWanted = this.#interest.isViewVisible || this.#interest.applicationIds.includes(session.application.id);
      if (isWanted) session.activate();
    }
  }

  #requireTrust(): void {
    if (!this.#settings.current.isTrusted) throw new AppError('workspace-untrusted');
  }
}

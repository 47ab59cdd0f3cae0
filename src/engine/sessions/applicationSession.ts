import { isAppError } from '../../base/errors.ts';
import type { Disposable } from '../../base/lifecycle.ts';
import type { ClusterConnection, WatchOutcome, WatchStatus } from '../cluster/api.ts';
import { applicationRow } from './applicationRow.ts';
import type { ApplicationListener, ApplicationServices } from './applicationServices.ts';
import {
  autoscalerTargets,
  canHaveChildren,
  type DesiredObject,
  hasCustomKind,
  interestsOf,
  isSameDesired,
  settleObjects,
} from './desiredObjects.ts';
import { type ExtraneousObject, extraneousOf } from './extraneous.ts';
import type { Target } from '../git/state.ts';
import type { Application, Destination } from '../model/application.ts';
import { keyString, type ObjectKey } from '../model/objects.ts';
import { reasonOf } from '../model/reasons.ts';
import type { RenderResult } from '../model/render.ts';
import type { ApplicationRow } from '../model/snapshot.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { Reason } from '../model/states.ts';
import type { CheckedObjects } from './checkQueue.ts';
import type { LiveChange } from '../live/liveRouter.ts';
import { type ComparisonBasis, isMendedBy, isSameBasis, isSameDestination, isWatchProblem } from './comparisonBasis.ts';
import { textsOf } from '../editor/markIndex.ts';
import { otherWriterPaths } from '../provenance/otherWriters.ts';
import { markId } from './markedObjects.ts';
import { ObjectMarks } from './objectMarks.ts';
import { SessionParts } from './sessionParts.ts';
import type { SyncedSide } from './syncedSide.ts';
import { track, type TrackedObject } from './trackedObject.ts';

/** shared by all that have not been compared */
const nothing: ReadonlyMap<string, never> = new Map<string, never>();

/** One application: from its source at target, and from the watch, to verdicts, a state and marks. */
export class ApplicationSession implements Disposable {
  readonly #services: ApplicationServices;
  readonly #listener: ApplicationListener;
  readonly #waiting: (() => void)[] = [];
  /** undefined until it is needed: most applications of a fleet are only known */
  #made: SessionParts | undefined;
  #application: Application;
  #isActive = false;
  #isChecked = false;
  #failure: Reason | undefined;
  #target: Target | undefined;
  #tree: SourceTree | undefined;
  #render: RenderResult | undefined;
  #desired: readonly DesiredObject[] = [];
  #byId: ReadonlyMap<string, DesiredObject> = nothing;
  #objects = new Map<string, TrackedObject>();
  #autoscalers: ReadonlyMap<string, string> = nothing;
  readonly #marks = new ObjectMarks();
  #watchProblems: readonly WatchOutcome[] = [];
  #isEdited = false;
  #otherWriters: readonly string[] = [];
  #connection: ClusterConnection | undefined;
  #basis: ComparisonBasis | undefined;

  constructor(application: Application, services: ApplicationServices, listener: ApplicationListener) {
    this.#application = application;
    this.#services = services;
    this.#listener = listener;
  }

  get application(): Application {
    return this.#application;
  }

  get target(): Target | undefined {
    return this.#target;
  }

  get tree(): SourceTree | undefined {
    return this.#tree;
  }

  get render(): RenderResult | undefined {
    return this.#render;
  }

  get connection(): ClusterConnection | undefined {
    return this.#connection;
  }

  get objects(): readonly TrackedObject[] {
    return [...this.#objects.values()];
  }

  /** Inputs have uncommitted edits, unsaved ones included. */
  get isEdited(): boolean {
    return this.#isEdited;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Live objects of this application that target does not have. */
  get extraneous(): readonly ExtraneousObject[] {
    const connection = this.#connection;
    if (connection === undefined) return [];
    const { hub, router } = this.#services;
    return extraneousOf(hub.marked(connection, router.marksOf(this, connection.context)), this.#objects, connection.watches);
  }

  /** What was applied last, by the application's ledger. */
  get synced(): SyncedSide {
    return this.#parts.synced;
  }

  object(key: string): TrackedObject | undefined {
    return this.#objects.get(key);
  }

  /** Takes a changed definition and compares again when it is active; says whether it is another than before. */
  update(application: Application): boolean {
    if (application === this.#application || JSON.stringify(application) === JSON.stringify(this.#application)) return false;
    this.#application = application;
    this.refresh();
    return true;
  }

  /** Starts to connect and compare; nothing happens before. */
  activate(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.refresh();
  }

  /** Looks up target again and compares what changed. */
  refresh(): void {
    if (this.#isActive) this.#parts.refresh.request();
  }

  /** Resolves when no comparison runs or waits. */
  async settled(): Promise<void> {
    if (this.#made === undefined || (!this.#made.refresh.isBusy && !this.#made.check.isBusy)) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Takes in changes of the watch: objects of this application are compared again, children move the health of their owners. */
  liveChanged(change: LiveChange): void {
    const { keys, namespaces, isMarked, isBelow } = change;
    this.#parts.followers.note(change);
    if (isMarked === true || isBelow === true || namespaces.size > 0) this.#listener.onRow(this.#application.id);
    const ledger = this.#parts.synced.keyOf(this.#application);
    if (ledger !== undefined && keys.has(keyString(ledger))) this.refresh();
    if ([...keys].some((key) => key.startsWith('autoscaling/HorizontalPodAutoscaler/'))) this.#autoscalers = this.#readAutoscalers();
    for (const key of keys) if (this.#objects.has(key)) this.#parts.queue.add(key);
    for (const [id, { key }] of namespaces.size === 0 ? [] : this.#objects) {
      if (namespaces.has(key.namespace) && canHaveChildren(key.group, key.kind)) this.#parts.queue.add(id);
    }
    // The first comparison checks everything when its lists have ended.
    if (!this.#parts.queue.isEmpty && this.#isChecked) this.#parts.check.request();
  }

  /** Takes in events about objects, or about what is below them: only what is not well may have another cause now. @param keys `keyString`s */
  eventsCame(keys: ReadonlySet<string>): void {
    this.#parts.addUnwell(keys, this.#objects);
    if (!this.#parts.queue.isEmpty && this.#isChecked) this.#parts.check.request();
  }

  /** Looks again at what time alone may change: objects that are on their way to health, and what had no answer. */
  timePassed(): void {
    if (!this.#isActive) return;
    this.#parts.addLooks(this.#objects);
    if (this.#parts.queue.addDue() || this.#parts.synced.isOverdue(Date.now())) this.refresh();
    if (!this.#parts.queue.isEmpty && (this.#isChecked || !this.#parts.refresh.isBusy)) this.#parts.check.request();
  }

  /** The cluster serves other kinds, or publishes other schemas of these group-versions: what rests on them is compared again. */
  definitionsChanged(groupVersions: ReadonlySet<string> | undefined): void {
    if (!this.#isActive) return;
    if (groupVersions === undefined && this.#desired.some(hasCustomKind)) this.refresh();
    if (groupVersions !== undefined) this.#parts.addDescribedBy(groupVersions, this.#objects);
    if (!this.#parts.queue.isEmpty && this.#isChecked) this.#parts.check.request();
  }

  /** The connection's state changed: the row says how old what it shows is. */
  connectionChanged(): void {
    if (!this.#isActive) return;
    const isConnected = this.#connection?.state.status === 'connected';
    if (isConnected) this.#parts.queue.hurry();
    if (isConnected && this.#failure !== undefined) this.refresh();
    this.#listener.onRow(this.#application.id);
  }

  /** A watch reached its goal: what could not be watched before is compared now. */
  watchChanged(status: WatchStatus): void {
    if (status.state !== 'synced') return;
    this.#parts.queue.hurry();
    if (isMendedBy(status, this.#watchProblems)) this.refresh();
  }

  /** The row as it is now. */
  row(): ApplicationRow {
    return applicationRow({
      application: this.#application,
      objects: this.objects,
      extraneous: this.extraneous,
      render: this.#render,
      target: this.#target,
      failure: this.#services.isTrusted() ? this.#failure : { code: 'workspace-untrusted', details: {} },
      connection: this.#connection?.state,
      watchProblems: this.#watchProblems.flatMap((outcome) => outcome.reason ?? []),
      isChecked: this.#isActive && this.#isChecked,
      isComparing: this.#made?.refresh.isBusy === true,
      isEdited: this.#isEdited,
      ...(this.#made === undefined ? {} : { synced: this.#made.synced }),
      allowsDirty: this.#services.repo.environment(this.#application.destination?.environment)?.allowDirty === true,
      fetchedAtMs: this.#services.repo.fetchedAtMs,
      rules: this.#services.repo.found.rules,
    });
  }

  /** Asks the repo whether inputs are edited; tells when that changed. */
  editsChanged(): void {
    const { repo } = this.#services;
    const paths = (this.#render?.reads ?? []).map((read) => read.path);
    const isEdited = repo.isEdited(paths) || repo.hasEditsBelow(this.#application.source.path);
    if (isEdited === this.#isEdited) return;
    this.#isEdited = isEdited;
    this.#listener.onRow(this.#application.id);
  }

  dispose(): void {
    this.#isActive = false;
    this.#made?.dispose();
    this.#services.hub.release(this.#application.id);
    this.#services.router.delete(this);
    this.#listener.onProblems(this.#application.id, []);
    this.#listener.onMarks(this.#application.id, undefined, []);
  }

  get #parts(): SessionParts {
    return (this.#made ??= new SessionParts(this.#services, {
      id: this.#application.id,
      compare: () => this.#run(),
      check: () => this.#checkWaiting(true),
      idle: (isCompared) => {
        this.#tellSettled(isCompared);
      },
    }));
  }

  async #run(): Promise<void> {
    const signal = this.#parts.signal;
    this.#listener.onRow(this.#application.id);
    try {
      await this.#compare(signal);
      this.#failure = undefined;
      this.#parts.queue.compared(true);
    } catch (error) {
      signal.throwIfAborted();
      if (isAppError(error)) this.#parts.queue.compared(false);
      this.#failure = reasonOf(error);
      this.#basis = undefined;
    } finally {
      this.#services.hub.expectNot(this.#application.id);
      this.editsChanged();
      this.#listener.onProblems(
        this.#application.id,
        (this.#render?.errors ?? []).flatMap((error) => error.file ?? []),
      );
      this.#publish();
    }
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { repo, hub, renderer } = this.#services;
    const application = this.#application;
    const { destination } = application;
    if (destination === undefined) return;
    const use = { applicationId: application.id, ...destination };
    const connecting = hub.connect(use, signal);
    // A failing render must not leave this promise without a handler.
    connecting.catch(() => undefined);
    const { target, tree } = await repo.target(repo.environment(destination.environment)?.branch, signal);
    this.#target = target;
    this.#tree = tree;
    const early = application.source.type === 'helm' ? undefined : await renderer.render(application, tree, undefined, signal);
    this.#render = early ?? this.#render;
    this.#connection = hub.existing(destination.context, destination.clusterUid) ?? this.#connection;
    this.#connection = await connecting;
    this.#render = early ?? (await renderer.render(application, tree, this.#connection, signal));
    this.#otherWriters = await textsOf(tree, application.source.type === 'kustomize' ? otherWriterPaths(this.#render) : []);
    // Kinds are read when the first is asked for; a basis without them would be another at the next comparison.
    await this.#connection.discovery.resource({ group: '', version: 'v1', kind: 'Namespace' }, signal);
    const basis: ComparisonBasis = {
      application,
      render: this.#render.key,
      connection: this.#connection,
      kinds: this.#connection.discovery.known(),
    };
    const isSame = this.#basis !== undefined && isSameBasis(basis, this.#basis) && this.#watchProblems.length === 0;
    const before = { desired: this.#byId, autoscalers: this.#autoscalers, problems: this.#watchProblems.length };
    if (!isSame) await this.#watch(destination, this.#render, this.#connection, signal);
    const isSamePlace =
      this.#basis !== undefined && isSameDestination(basis, this.#basis) && before.problems + this.#watchProblems.length === 0;
    const synced = { application, target, render: this.#render, connection: this.#connection, desired: this.#desired };
    const isOtherSynced = await this.#parts.synced.update(synced, signal);
    this.#basis = basis;
    // After a commit, or when other kinds are served, most objects are what they were, and so is what is known of them.
    const isAsBefore = (id: string): boolean =>
      isSameDesired(before.desired.get(id), this.#byId.get(id)) && before.autoscalers.get(id) === this.#autoscalers.get(id);
    for (const [id, { verdict }] of this.#objects) {
      // The watch tells of changes; what has no proof is asked again when somebody refreshes.
      const isKept = isSame || (isSamePlace && verdict.fields.length === 0 && isAsBefore(id));
      // What was applied last decides which side moved, so only of what differs.
      const isMoved = isOtherSynced && (verdict.state !== 'synced' || verdict.fields.length > 0);
      if (!isKept || isMoved || verdict.proof === 'none') this.#parts.queue.add(id);
    }
    await this.#checkWaiting(false);
    this.#isChecked = true;
  }

  async #watch(destination: Destination, render: RenderResult, connection: ClusterConnection, signal: AbortSignal): Promise<void> {
    this.#desired = await settleObjects(render.objects, destination, connection.discovery, signal);
    this.#byId = new Map(this.#desired.map((desired) => [keyString(desired.key), desired]));
    const keys = new Set(this.#byId.keys());
    const use = { applicationId: this.#application.id, ...destination };
    const before = this.#objects;
    this.#objects = new Map(this.#desired.map((desired) => [keyString(desired.key), track(desired, before.get(keyString(desired.key)))]));
    this.#parts.queue.retain(this.#objects);
    const ledger = this.#parts.synced.keyOf(this.#application);
    this.#services.router.set(this, destination.context, ledger === undefined ? keys : [...keys, keyString(ledger)]);
    const interests = interestsOf(this.#desired);
    const all = [...interests, ...this.#parts.synced.interests(this.#application, interests)];
    const outcomes = await this.#services.hub.watch(use, keys, all, signal);
    this.#watchProblems = outcomes.filter(isWatchProblem);
    this.#autoscalers = this.#readAutoscalers();
  }

  async #checkWaiting(isInteractive: boolean): Promise<void> {
    const [connection, tree, signal] = [this.#connection, this.#tree, this.#parts.signal];
    if (connection === undefined || tree === undefined) return;
    const scope = {
      application: this.#application,
      connection,
      tree,
      desired: this.#desired,
      byId: this.#byId,
      watchProblems: this.#watchProblems,
      autoscalers: this.#autoscalers,
      otherWriters: this.#otherWriters,
      baselineOf: (key: ObjectKey) => this.#parts.synced.baselineOf(key),
    };
    const checked = await this.#parts.queue.run(scope, () => this.#objects, isInteractive, signal);
    for (const id of checked.changed) {
      const mark = this.#objects.get(id)?.mark;
      if (mark !== undefined) this.#services.router.addMark(this, connection.context, markId(mark));
    }
    if (this.#isChecked) this.#publishSome(checked);
    if (!this.#parts.queue.isEmpty) this.#parts.check.request();
    // Of a single change the connection's state tells enough, and it is looked at again.
    if (checked.failure !== undefined && !isInteractive) throw checked.failure;
  }

  #publish(): void {
    const { id } = this.#application;
    this.#listener.onRow(id);
    this.#listener.onDocuments(id, [...this.#objects.keys()]);
    this.#listener.onMarks(id, this.#tree, this.#marks.replace(this.#application, this.#objects));
  }

  /** Tells of single objects; of those whose look is as before only that their documents are others. */
  #publishSome({ changed, shown }: CheckedObjects): void {
    const { id } = this.#application;
    if (changed.length > 0) this.#listener.onDocuments(id, changed);
    if (shown.length > 0) this.#listener.onRow(id);
    const files = this.#marks.update(this.#application, this.#objects, shown);
    if (files.size > 0) this.#listener.onMarks(id, this.#tree, this.#marks.all, files);
  }

  #tellSettled(isCompared: boolean): void {
    if (isCompared) this.#listener.onRow(this.#application.id);
    if (this.#parts.refresh.isBusy || this.#parts.check.isBusy) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #readAutoscalers(): ReadonlyMap<string, string> {
    return autoscalerTargets(this.#desired, this.#connection?.watches.objects('autoscaling', 'HorizontalPodAutoscaler') ?? []);
  }
}

import { isAppError } from '../../base/errors.ts';
import type { ClusterConnection } from '../cluster/api.ts';
import { ownerMarkOf } from '../compare/ownerMarks.ts';
import { canHaveChildren, type DesiredObject, sizerTargets } from './desiredObjects.ts';
import { explainAll } from '../drift/explain.ts';
import { bareVerdict, leftAlone } from '../drift/outcome.ts';
import type { Judge } from '../drift/judge.ts';
import type { Baseline } from '../drift/judgement.ts';
import type { FieldLines } from '../editor/fieldLines.ts';
import type { LiveHealth } from './liveHealth.ts';
import { textOf } from '../editor/markIndex.ts';
import type { Application, FileRange } from '../model/application.ts';
import { describe } from '../model/describe.ts';
import { gvkOf, keyString, type KubeObject, nameOf, namespaceOf, type ObjectKey } from '../model/objects.ts';
import type { OwnerLook, RevertForecast } from '../model/ownerView.ts';
import type { ResourceInfo } from '../model/resourceInfo.ts';
import type { TypeSchema } from '../model/schema.ts';
import type { SourceTree } from '../model/sourceTree.ts';
import type { Health, OwnerMark, Reason, Verdict } from '../model/states.ts';
import { READ_FAILED } from '../owners/ownerReads.ts';
import type { OwnerViews } from '../owners/ownerViews.ts';
import type { Locator, ObjectOrigin } from '../provenance/locate.ts';
import type { ReleaseBaselines } from './releaseBaselines.ts';
import type { TrackedObject } from './trackedObject.ts';
import type { VolatileFields, Volatility } from './volatileFields.ts';

/** One object to check, with what its application knows. */
export interface Check {
  readonly application: Application;
  readonly desired: DesiredObject;
  readonly tracked: TrackedObject;
  readonly autoscaler: string | undefined;
  /** what the last recorded sync applied; absent: what a Helm release or the object itself records */
  readonly baseline?: Baseline;
  /** whether and when the owner reverts what is changed live; absent: nobody does by itself */
  readonly forecast?: Reason;
  /** a change of the watch: goes before the first comparison of other applications */
  readonly isInteractive: boolean;
  /** texts of files that may write fields of objects which they do not declare: kustomizations, patches */
  readonly otherWriters: readonly string[];
  /** all desired objects of the application */
  readonly rendered: readonly DesiredObject[];
}

/** What an object is judged by besides its two sides. */
interface Looked extends OwnerLook {
  readonly baseline?: Baseline;
}

/** Compares one desired with its live object: verdict, health, owner's mark, and the lines that it concerns. */
export class ObjectChecker {
  readonly #judge: Judge;
  readonly #locator: Locator;
  readonly #releases: ReleaseBaselines;
  readonly #sizers = new WeakMap<readonly DesiredObject[], ReadonlyMap<string, string>>();
  /** lines behind Kustomize and Helm, proved in the background */
  readonly lines: FieldLines;

  readonly #owners: OwnerViews;
  readonly #health: LiveHealth;
  readonly #volatile: VolatileFields;

  constructor(
    judge: Judge,
    locator: Locator,
    releases: ReleaseBaselines,
    lines: FieldLines,
    owners: OwnerViews,
    health: LiveHealth,
    volatile: VolatileFields,
  ) {
    this.#volatile = volatile;
    this.#owners = owners;
    this.#health = health;
    this.#judge = judge;
    this.#locator = locator;
    this.#releases = releases;
    this.lines = lines;
  }

  /** @param tree target's files, for the lines */
  async check(check: Check, connection: ClusterConnection, tree: SourceTree, signal: AbortSignal): Promise<TrackedObject> {
    const { desired, tracked } = check;
    const live = connection.watches.get(desired.key, gvkOf(desired.object).version);
    const schema = desired.resource === undefined ? undefined : await connection.schemas.schemaOf(gvkOf(desired.object), signal);
    const look = await this.#look(check, live, schema, connection, signal);
    if ('unread' in look) return unread(tracked, live, schema, look.unread);
    const { view } = look;
    const mark = look.mark ?? releaseMark(look.baseline);
    const verdict =
      live === undefined && view?.skip !== undefined
        ? leftAlone(undefined, view.skip, view.skipReason)
        : await this.#repeatableVerdict(check, connection, tree, signal, (volatility) =>
            this.#verdict(check, live, schema, look, connection, signal, volatility),
          );
    const places = await this.#places(check, verdict, tree);
    const health = await this.#healthOf(desired, check.rendered, live, connection, signal);
    const notes = verdict.fields.length === 0 ? undefined : explainAll(verdict, this.#contextOf(check, view?.revert));
    const { notes: _before, view: _viewBefore, ...known } = tracked;
    const facts = { ...(notes === undefined ? {} : { notes }), ...(view === undefined ? {} : { view }) };
    return { ...known, ...places, schema, verdict, live, mark, health, ...facts };
  }

  /** Whose the object is, by which record it was applied; what the server does not tell is told instead. */
  async #look(
    { desired, rendered, baseline: synced }: Check,
    live: KubeObject | undefined,
    schema: TypeSchema | undefined,
    connection: ClusterConnection,
    signal: AbortSignal,
  ): Promise<Looked | { readonly unread: Reason }> {
    try {
      if (live === undefined) {
        const neighbour = neighbourOf(rendered, connection);
        const view = neighbour === undefined ? undefined : await this.#owners.lookAtMissing(connection, desired.object, neighbour, signal);
        return { ...(view === undefined ? {} : { view }), ...(synced === undefined ? {} : { baseline: synced }) };
      }
      const pair = { desired: desired.object, live, schema, resource: desired.resource };
      const look = await this.#owners.lookAt(connection, pair, signal);
      const baseline = synced ?? (await this.#releases.of(connection, desired.key, live, signal));
      return { ...look, ...(baseline === undefined ? {} : { baseline }) };
    } catch (error) {
      if (!isAppError(error, READ_FAILED)) throw error;
      return { unread: { code: error.code, details: error.details } };
    }
  }

  /**
   * The health of an object now, where nothing else of it can have changed: live is what its verdict was made of.
   * @returns undefined: it has to be checked
   */
  async healthNow(
    desired: DesiredObject,
    tracked: TrackedObject,
    connection: ClusterConnection,
    rendered: readonly DesiredObject[],
    signal: AbortSignal,
  ): Promise<TrackedObject | undefined> {
    const live = connection.watches.get(desired.key, gvkOf(desired.object).version);
    const isJudged = tracked.verdict.state !== 'pending' && tracked.verdict.proof !== 'none';
    if (!isJudged || live !== tracked.live || desired.object !== tracked.desired) return undefined;
    return { ...tracked, health: await this.#healthOf(desired, rendered, live, connection, signal) };
  }

  async #healthOf(
    desired: DesiredObject,
    rendered: readonly DesiredObject[],
    live: KubeObject | undefined,
    connection: ClusterConnection,
    signal: AbortSignal,
  ): Promise<Health | undefined> {
    if (live === undefined) return undefined;
    try {
      return await this.#health.of(connection, live, descendants(live, desired.key, connection), rendered, signal);
    } catch (error) {
      if (!isAppError(error, READ_FAILED)) throw error;
      return { status: 'unknown', message: describe(error.code, error.details) };
    }
  }

  /** A verdict that counts nothing that every render makes anew: looked for only where something differs. */
  async #repeatableVerdict(
    check: Check,
    connection: ClusterConnection,
    tree: SourceTree,
    signal: AbortSignal,
    judge: (volatility: Volatility | undefined) => Promise<Verdict>,
  ): Promise<Verdict> {
    const { application, rendered, desired } = check;
    const ask = (): Promise<Volatility | undefined> => this.#volatile.of({ application, rendered, connection, tree }, desired, signal);
    if (!this.#volatile.isPossible(check)) return judge(undefined);
    if (this.#volatile.isKnown(rendered)) return judge(await ask());
    const verdict = await judge(undefined);
    if (verdict.state === 'synced') return verdict;
    const volatility = await ask();
    return volatility === undefined ? verdict : judge(volatility);
  }

  async #verdict(
    check: Check,
    live: KubeObject | undefined,
    schema: TypeSchema | undefined,
    { view, baseline }: Looked,
    connection: ClusterConnection,
    signal: AbortSignal,
    volatility: Volatility | undefined,
  ): Promise<Verdict> {
    const { application, desired } = check;
    const namespace = desired.key.namespace;
    const isMissing = namespace !== '' && isNamespaceMissing(namespace, connection);
    return this.#judge.judge(
      {
        key: desired.key,
        desired: desired.object,
        live,
        schema,
        resource: desired.resource,
        otherVersions: desired.otherVersions,
        isKindRendered: desired.isKindRendered,
        isNamespaceMissing: isMissing,
        isNamespaceRendered: isMissing && check.rendered.some((object) => object.key.kind === 'Namespace' && object.key.name === namespace),
        owner: application.owner,
        rules: application.ignore,
        ...(view === undefined ? {} : { view }),
        ...(baseline === undefined ? {} : { baseline }),
        ...(check.autoscaler === undefined ? {} : { autoscaler: check.autoscaler }),
        ...(volatility === undefined ? {} : { volatile: volatility.fields, isNameVolatile: volatility.isNameVolatile }),
      },
      {
        client: connection,
        canDryRun: (resource, key, askSignal) => canDryRun(connection, resource, key, askSignal),
        serverVersion: connection.version ?? '',
        clusterUid: connection.uid ?? '',
      },
      { signal, isInteractive: check.isInteractive },
    );
  }

  async #places(
    { application, desired: { rendered }, otherWriters }: Check,
    verdict: Verdict,
    tree: SourceTree,
  ): Promise<{ header: FileRange | undefined; fieldRanges: ReadonlyMap<string, FileRange> }> {
    const fieldRanges = new Map<string, FileRange>();
    const nothing = { header: undefined, fieldRanges };
    if (rendered.file === undefined) return nothing;
    // Positions cost a parse with ranges; an object without differences needs none but its first line, which the renderer knows.
    const isMarked = verdict.fields.length > 0 || verdict.state === 'missing';
    if (!isMarked && rendered.line !== undefined) return { header: lineRange(rendered.file, rendered.line), fieldRanges };
    const [text, hash] = await Promise.all([textOf(tree, rendered.file), tree.hashOf(rendered.file)]);
    if (text === undefined || hash === undefined) return nothing;
    const origin: ObjectOrigin = {
      file: rendered.file,
      kind: application.source.type,
      otherWriters,
      ...(rendered.documentIndex === undefined ? {} : { documentIndex: rendered.documentIndex }),
    };
    const { object } = rendered;
    const identity = { apiVersion: object.apiVersion, kind: object.kind, name: nameOf(object), namespace: namespaceOf(object) };
    for (const field of verdict.fields) {
      const range = this.lines.known(rendered, field) ?? this.#locator.locateField(origin, text, hash, identity, field)?.range;
      if (range !== undefined) fieldRanges.set(field.id, range);
    }
    const located = this.#locator.locateObject(origin, text, hash, identity)?.range;
    // A file too large to be looked into: the renderer knows where the object starts.
    return { header: located ?? (rendered.line === undefined ? undefined : lineRange(rendered.file, rendered.line)), fieldRanges };
  }

  #contextOf(check: Check, revert: RevertForecast | undefined): Parameters<typeof explainAll>[1] {
    const { autoscaler, rendered, desired, forecast = revert?.reason } = check;
    let sizers = this.#sizers.get(rendered);
    if (sizers === undefined) {
      sizers = sizerTargets(rendered);
      this.#sizers.set(rendered, sizers);
    }
    const sizer = sizers.get(keyString(desired.key));
    return {
      ...(autoscaler === undefined ? {} : { autoscaler }),
      ...(forecast === undefined ? {} : { forecast }),
      ...(revert === undefined || forecast !== revert.reason ? {} : besides(revert)),
      ...(sizer === undefined ? {} : { sizer }),
    };
  }
}

/** What a forecast says besides. */
function besides({ also, onRecreate }: RevertForecast): Pick<RevertForecast, 'also' | 'onRecreate'> {
  return { ...(also === undefined ? {} : { also }), ...(onRecreate === undefined ? {} : { onRecreate }) };
}

/** Whose an object is that its release names, though its own marks are gone. */
function releaseMark(baseline: Baseline | undefined): OwnerMark | undefined {
  return baseline?.object === undefined || baseline.release === undefined ? undefined : { owner: 'helm', name: baseline.release };
}

/** An object whose owner, or whose record of the last apply, cannot be read: nothing is said of it but that, until it can. */
function unread(
  { notes: _notes, view: _view, ...known }: TrackedObject,
  live: KubeObject | undefined,
  schema: TypeSchema | undefined,
  reason: Reason,
): TrackedObject {
  const verdict = bareVerdict('cannot compare', reason, live);
  const mark = live === undefined ? undefined : ownerMarkOf(live);
  return { ...known, schema, verdict, live, mark, fieldRanges: new Map() };
}

/** objects of an application that are asked for the mark of Argo CD, which all of them carry */
const maximumNeighbours = 100;

/** A live object of the application that Argo CD applied. */
function neighbourOf(rendered: readonly DesiredObject[], { watches }: ClusterConnection): KubeObject | undefined {
  for (const { key, object } of rendered.slice(0, maximumNeighbours)) {
    const live = watches.get(key, gvkOf(object).version);
    if (live !== undefined && ownerMarkOf(live)?.owner === 'argocd') return live;
  }
  return undefined;
}

function lineRange(file: string, line: number): FileRange {
  return { file, startLine: line, startColumn: 0, endLine: line, endColumn: 1 };
}

/** Live objects below one by owner references, at any depth; empty for kinds that make none. */
export function descendants(live: KubeObject, key: ObjectKey, connection: ClusterConnection): readonly KubeObject[] {
  if (!canHaveChildren(key.group, key.kind)) return [];
  const found: KubeObject[] = [];
  let waiting: readonly KubeObject[] = [live];
  while (waiting.length > 0 && found.length < 1000) {
    waiting = waiting.flatMap((object) => {
      const { uid } = object.metadata;
      return typeof uid === 'string' ? connection.watches.childrenOf(uid) : [];
    });
    found.push(...waiting);
  }
  return found;
}

function isNamespaceMissing(namespace: string, { watches }: ClusterConnection): boolean {
  const gvk = { group: '', version: 'v1', kind: 'Namespace' };
  return watches.isSynced(gvk, '') && watches.get({ group: '', kind: 'Namespace', namespace: '', name: namespace }) === undefined;
}

function canDryRun(
  connection: ClusterConnection,
  resource: ResourceInfo,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return connection.canI(
    { verb: 'patch', group: resource.group, resource: resource.plural, namespace: key.namespace },
    signal === undefined ? {} : { signal },
  );
}

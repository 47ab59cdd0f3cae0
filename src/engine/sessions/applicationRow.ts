import { placesOfRule, type RuleBook, type RuleFact, withPlaces } from '../apps/ruleFacts.ts';
import type { ConnectionState } from '../cluster/api.ts';
import { summarize } from '../drift/applicationState.ts';
import type { ExtraneousObject } from './extraneous.ts';
import type { Target } from '../git/state.ts';
import type { Application } from '../model/application.ts';
import { renderReason, type RenderResult } from '../model/render.ts';
import type { ApplicationRow } from '../model/snapshot.ts';
import type { Reason } from '../model/states.ts';
import { placedHealth } from './rows.ts';
import type { SyncedSide } from './syncedSide.ts';
import type { TrackedObject } from './trackedObject.ts';

/** Everything that an application's row is made of. */
export interface ApplicationKnowledge {
  readonly application: Application;
  readonly objects: readonly TrackedObject[];
  /** live objects that target does not have */
  readonly extraneous?: readonly ExtraneousObject[];
  readonly render: RenderResult | undefined;
  readonly target: Target | undefined;
  /** why the last comparison ended early */
  readonly failure: Reason | undefined;
  readonly connection: ConnectionState | undefined;
  /** why kinds of its objects cannot be watched */
  readonly watchProblems: readonly Reason[];
  /** compared at least once */
  readonly isChecked: boolean;
  readonly isComparing: boolean;
  readonly isEdited: boolean;
  readonly fetchedAtMs: number | undefined;
  /** what was applied last */
  readonly synced?: Pick<SyncedSide, 'history' | 'problem' | 'commitsBehind'>;
  /** where the repo writes the rules of Argo CD and Flux */
  readonly rules?: readonly RuleFact[];
  /** its environment allows to apply the working tree */
  readonly allowsDirty?: boolean;
}

/** The row of an application: its definition, its state with the reasons, and how old that is. */
export function applicationRow(known: ApplicationKnowledge): ApplicationRow {
  const { application, objects, connection, failure, isChecked } = known;
  const summary = summarize({
    hasDestination: application.destination !== undefined,
    renderErrors: (known.render?.errors ?? []).filter((error) => error.isWarning !== true).map((error) => renderReason(error)),
    objects: [
      ...objects.map(({ key, verdict, health, view }) => ({
        key,
        verdict,
        ...(health === undefined ? {} : { health: placedHealth(health, { facts: known.rules ?? [], view }) }),
      })),
      ...(known.extraneous ?? []).map(({ key, verdict }) => ({ key, verdict })),
    ],
    isLoaded: isChecked,
    ...(failure === undefined || isChecked ? {} : { clusterProblem: failure }),
  });
  const stale = isChecked && connection !== undefined && connection.status !== 'connected' ? connection : undefined;
  const isEven = summary.state === 'synced';
  return {
    ...definition(application),
    ...(known.synced === undefined ? {} : syncedFacts(known.synced, isEven)),
    ...(known.allowsDirty === true ? { allowsDirty: true } : {}),
    objectCount: objects.length,
    state: summary.state,
    reasons: distinct([
      failure,
      stale?.reason,
      ...summary.reasons,
      ...known.watchProblems,
      ...ownerProblems(objects, known.rules ?? []),
      isEven ? undefined : known.synced?.problem,
    ]),
    driftedObjects: summary.driftedObjects,
    driftedFields: summary.driftedFields,
    isEdited: known.isEdited,
    isComparing: known.isComparing,
    ...(summary.health === undefined ? {} : { health: summary.health }),
    ...(stale === undefined ? {} : { staleSinceMs: stale.lastSeenMs ?? stale.sinceMs }),
    ...(known.target === undefined ? {} : targetFacts(known.target)),
    ...(known.fetchedAtMs === undefined ? {} : { fetchedAtMs: known.fetchedAtMs }),
  };
}

/** The most problems of owners' rules that a row names. */
const maximumOwnerProblems = 5;

/** What is not known of the controllers that own objects: their own objects that cannot be read, rules that cannot be evaluated. */
function ownerProblems(objects: readonly TrackedObject[], facts: readonly RuleFact[]): readonly Reason[] {
  const problems = new Map<string, Reason>();
  for (const { view } of objects) {
    for (const problem of view?.problems ?? []) {
      const placed = placedProblem(problem, { facts, view });
      problems.set(JSON.stringify(placed), placed);
    }
    if (problems.size >= maximumOwnerProblems) break;
  }
  return [...problems.values()];
}

/** A problem with a rule names the lines on which it stands. */
function placedProblem(problem: Reason, book: RuleBook): Reason {
  const { declaredBy } = problem.details;
  if (typeof declaredBy !== 'string') return problem;
  return { ...problem, details: { ...problem.details, declaredBy: withPlaces(declaredBy, placesOfRule(declaredBy, book)) } };
}

type Definition = Pick<
  ApplicationRow,
  | 'id'
  | 'name'
  | 'repoRoot'
  | 'sourceType'
  | 'path'
  | 'owner'
  | 'origin'
  | 'isProtected'
  | 'context'
  | 'namespace'
  | 'environment'
  | 'declaredAt'
>;

function definition(application: Application): Definition {
  const { destination } = application;
  return {
    id: application.id,
    name: application.name,
    repoRoot: application.repoRoot,
    sourceType: application.source.type,
    path: application.source.path,
    owner: application.owner,
    origin: application.origin,
    isProtected: application.isProtected,
    ...(destination === undefined ? {} : { context: destination.context, namespace: destination.namespace }),
    ...(destination?.environment === undefined ? {} : { environment: destination.environment }),
    ...(application.declaredAt === undefined ? {} : { declaredAt: application.declaredAt }),
  };
}

function targetFacts({ commit, name, ahead, behind }: Target): Pick<ApplicationRow, 'targetRevision' | 'targetRef' | 'ahead' | 'behind'> {
  return { ...(commit === '' ? {} : { targetRevision: commit.slice(0, 7) }), targetRef: name, ahead, behind };
}

/** @param isEven nothing differs, so that it is not behind whatever the record says */
function syncedFacts(
  { history, commitsBehind = 0 }: Pick<SyncedSide, 'history' | 'commitsBehind'>,
  isEven: boolean,
): Pick<ApplicationRow, 'commitsBehind' | 'lastSync' | 'dirtySince' | 'unfinishedSync' | 'runningSync'> {
  const { synced, dirty, unfinished, running } = history ?? {};
  return {
    ...(commitsBehind === 0 || isEven ? {} : { commitsBehind }),
    ...(synced === undefined
      ? {}
      : { lastSync: { revision: synced.revision.slice(0, 7), at: synced.finishedAt ?? synced.startedAt, by: synced.by } }),
    ...(dirty === undefined ? {} : { dirtySince: dirty.startedAt }),
    ...(unfinished === undefined
      ? {}
      : { unfinishedSync: { revision: unfinished.revision.slice(0, 7), at: unfinished.startedAt, by: unfinished.by } }),
    ...(running === undefined ? {} : { runningSync: running }),
  };
}

function distinct(reasons: readonly (Reason | undefined)[]): readonly Reason[] {
  const known = reasons.filter((reason) => reason !== undefined);
  return [...new Map(known.map((reason) => [JSON.stringify(reason), reason])).values()];
}

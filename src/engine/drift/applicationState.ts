import { worstHealth } from '../health/health.ts';
import { displayName, type ObjectKey } from '../model/objects.ts';
import type { ApplicationState, Health, ObjectState, ObjectStatus, Reason } from '../model/states.ts';

/** What an application's state is made of. */
export interface ApplicationFacts {
  readonly hasDestination: boolean;
  /** why the source could not be rendered; empty: it was */
  readonly renderErrors: readonly Reason[];
  /** why the cluster cannot be compared with at all and never was; with an earlier comparison the state stays and is stale */
  readonly clusterProblem?: Reason;
  /** desired objects, and `extraneous` ones that only live */
  readonly objects: readonly ObjectStatus[];
  /** the source was rendered and its kinds are watched: {@link objects} is complete */
  readonly isLoaded: boolean;
}

/** The state of an application with what it rests on. */
export interface ApplicationSummary {
  readonly state: ApplicationState;
  readonly reasons: readonly Reason[];
  /** objects by state */
  readonly counts: Readonly<Partial<Record<ObjectState, number>>>;
  /** objects that are drifted, missing or differ */
  readonly driftedObjects: number;
  /** fields that are drifted or differ; cosmetic ones not counted */
  readonly driftedFields: number;
  /** the worst health of its live objects; undefined while none is known */
  readonly health?: Health;
}

const MAX_REASONS = 20;

/** States of the missing objects by the code of their verdict: who removed, or has not yet made them. */
const MISSING_AS: Readonly<Record<string, 'drifted' | 'out of sync'>> = {
  'object-deleted': 'drifted',
  'object-not-yet-applied': 'out of sync',
  'kind-pending': 'out of sync',
  'namespace-pending': 'out of sync',
};

/** The state of an application (design.md §1): the worst that its objects make, with counts and reasons. */
export function summarize(facts: ApplicationFacts): ApplicationSummary {
  const { objects } = facts;
  const counts: Partial<Record<ObjectState, number>> = {};
  let driftedFields = 0;
  for (const { verdict } of objects) {
    counts[verdict.state] = (counts[verdict.state] ?? 0) + 1;
    driftedFields += verdict.fields.filter((field) => !field.isCosmetic && field.direction !== 'out of sync').length;
  }
  const count = (...states: readonly ObjectState[]): number => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const health = worstHealth(objects.flatMap((object) => (object.health === undefined ? [] : [named(object.key, object.health)])));
  return {
    state: stateOf(facts, count),
    reasons: reasonsOf(facts),
    counts,
    driftedObjects: count('drifted', 'drifted (not confirmed)', 'differs', 'missing'),
    driftedFields,
    ...(health === undefined ? {} : { health }),
  };
}

function stateOf(facts: ApplicationFacts, count: (...states: readonly ObjectState[]) => number): ApplicationState {
  if (!facts.hasDestination) return 'no destination';
  if (facts.renderErrors.length > 0 || facts.clusterProblem !== undefined || count('cannot compare') > 0) return 'cannot compare';
  if (!facts.isLoaded) return 'pending';
  const desired = facts.objects.length - count('extraneous');
  if (facts.objects.length === 0) return 'cannot compare';
  if (desired > 0 && count('missing') === desired) return 'missing';
  const missing = facts.objects.flatMap(({ verdict }) =>
    verdict.state === 'missing' ? [MISSING_AS[verdict.reason?.code ?? ''] ?? 'differs'] : [],
  );
  if (count('drifted', 'drifted (not confirmed)') > 0 || missing.includes('drifted')) return 'drifted';
  if (count('differs') > 0 || missing.includes('differs')) return 'differs';
  if (count('pending') > 0) return 'pending';
  if (count('out of sync', 'extraneous') > 0 || missing.length > 0) return 'out of sync';
  return count('unverified') > 0 ? 'unverified' : 'synced';
}

function reasonsOf(facts: ApplicationFacts): readonly Reason[] {
  const reasons = [...facts.renderErrors, ...(facts.clusterProblem === undefined ? [] : [facts.clusterProblem])];
  if (facts.hasDestination && facts.isLoaded && facts.objects.length === 0 && reasons.length === 0) {
    reasons.push({ code: 'nothing-rendered', details: {} });
  }
  const seen = new Set<string>();
  for (const { verdict, key } of facts.objects) {
    if (verdict.reason === undefined) continue;
    // One of each code is enough to act on; the objects tell the rest.
    if (seen.has(verdict.reason.code)) continue;
    seen.add(verdict.reason.code);
    reasons.push({ code: verdict.reason.code, details: { object: `${key.kind}/${key.name}`, ...verdict.reason.details } });
  }
  return reasons.slice(0, MAX_REASONS);
}

/** The health of an object as its application tells it: whose it is, and why. */
function named(key: ObjectKey, { status, message }: Health): Health {
  if (status === 'healthy') return { status };
  return { status, message: message === undefined ? displayName(key) : `${displayName(key)}: ${message}` };
}

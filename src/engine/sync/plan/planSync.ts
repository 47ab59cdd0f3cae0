import { randomUUID } from 'node:crypto';
import { Limiter } from '../../../base/async.ts';
import { AppError } from '../../../base/errors.ts';
import { displayName, keyString, type KubeObject, type ObjectKey } from '../../model/objects.ts';
import { stringAt } from '../../model/json.ts';
import { isWork, type StepResult } from '../../model/plan.ts';
import type { ReleaseLeft, SyncKind, SyncPlan, SyncPlanApplication } from '../../model/sync.ts';
import type { Reason } from '../../model/states.ts';
import { applySetId, foreignTool, parentKeyOf, scopeOf, type SetScope, supersetOf } from '../applySet.ts';
import { AutoscalerLookup } from './autoscalers.ts';
import { clusterRefusal } from './guards.ts';
import { historyOf, ledgerOf } from '../ledger/ledger.ts';
import { otherApplication, readParent } from '../ledger/ledgerHold.ts';
import { planObjectSync } from './planObjectSync.ts';
import { leftOverSteps, planTakeOver, releasesLeft } from './planTakeOver.ts';
import { planPrunes } from './planPrunes.ts';
import { reasonOfFailure } from '../execute/sendWrite.ts';
import type { PreparedApplication, PreparedSync, PreparedSyncStep, SyncConnection, SyncItem, SyncPlanning } from '../syncTypes.ts';
import { inWaves } from './waves.ts';

/** Dry-runs at a time, as the judge sends them. */
const CONCURRENT_DRY_RUNS = 8;

interface PlannedApplication {
  readonly prepared: PreparedApplication;
  readonly hasUnfinished: boolean;
  readonly endsDirty?: boolean;
  readonly releases?: readonly ReleaseLeft[];
}

/**
 * Plans syncs on one cluster: what applying and pruning would do, object by object, from server-side dry-run. Nothing is written.
 * @param items applications whose destination is the connection's cluster; those of different environments get plans of their own
 * @throws only when the signal fires
 */
export async function planSync(
  items: readonly SyncItem[],
  kind: SyncKind,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<SyncPlanning> {
  const refused: StepResult[] = [];
  const groups = new Map<string, PlannedApplication[]>();
  for (const item of items) {
    const planned = await planApplication(item, kind, connection, signal);
    if ('code' in planned) {
      refused.push({ applicationId: item.application.id, key: parentOf(item), outcome: 'refused', reason: planned });
      continue;
    }
    const id = item.application.destination?.environment ?? '';
    groups.set(id, [...(groups.get(id) ?? []), planned]);
  }
  return { prepared: [...groups.values()].map((group) => toPlan(group, kind, connection)), refused };
}

function parentOf({ application }: SyncItem): ObjectKey {
  return parentKeyOf(application, application.destination?.namespace ?? '');
}

/** One application, or why it is not to be synced at all. */
async function planApplication(
  item: SyncItem,
  kind: SyncKind,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<PlannedApplication | Reason> {
  const { application } = item;
  const refusal = applicationRefusal(item) ?? clusterRefusal(item, connection);
  if (refusal !== undefined) return refusal;
  const parent = parentOf(item);
  try {
    const live = await readParent(connection, parent, signal);
    const taken = live === undefined ? undefined : takenReason(live, application.id, parent);
    if (taken !== undefined) return taken;
    const { unfinished, running, dirty } = historyOf(ledgerOf(live), Date.now());
    if (running !== undefined)
      return { code: 'sync-running', details: { object: displayName(parent), by: running.by, until: running.until } };
    const scope: SetScope = {
      kinds: item.objects.map(({ key }) => ({ group: key.group, kind: key.kind })),
      namespaces: item.objects.map(({ key }) => key.namespace),
    };
    const steps = await planObjects(item, kind, parent, connection, signal);
    const unrecorded = await ledgerRefusal(steps, live !== undefined, parent, connection, signal);
    if (unrecorded !== undefined) return unrecorded;
    if (kind === 'take-over') {
      const { releases, busy } = await releasesLeft(steps, connection, signal);
      if (busy !== undefined) return busy;
      const all = [...steps, ...leftOverSteps(item)];
      return {
        prepared: { item, parent, scope, isMembershipKnown: false, steps: all },
        hasUnfinished: unfinished !== undefined,
        releases,
      };
    }
    if (item.chosen !== undefined) {
      return { prepared: { item, parent, scope, isMembershipKnown: false, steps }, hasUnfinished: unfinished !== undefined };
    }
    const uids = new Set(steps.flatMap((step) => (step.live === undefined ? [] : (stringAt(step.live.metadata, 'uid') ?? []))));
    const waves = Math.max(0, ...steps.map(({ step }) => step.wave + 1));
    const prunes = await planPrunes(item, parent, supersetOf(scopeOf(live), scope), uids, waves, connection, signal);
    const all = [...steps, ...prunes.steps];
    return {
      prepared: { item, parent, scope, isMembershipKnown: prunes.isComplete, steps: all },
      hasUnfinished: unfinished !== undefined,
      endsDirty: dirty !== undefined && !item.isDirty,
    };
  } catch (error) {
    signal.throwIfAborted();
    return reasonOfFailure(error, parent, connection.context);
  }
}

/** Why a ledger that is there is not the application's: another tool or another application has it. */
function takenReason(ledger: KubeObject, applicationId: string, parent: ObjectKey): Reason | undefined {
  const owner = foreignTool(ledger, parent);
  if (owner !== undefined) return { code: 'ledger-foreign', details: { object: displayName(parent), namespace: parent.namespace, owner } };
  return otherApplication(ledgerOf(ledger), applicationId, parent);
}

/** A step for each chosen object, in the order of their waves. */
async function planObjects(
  item: SyncItem,
  kind: SyncKind,
  parent: ObjectKey,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<readonly PreparedSyncStep[]> {
  const limiter = new Limiter(CONCURRENT_DRY_RUNS);
  const context = {
    connection,
    autoscalers: new AutoscalerLookup(connection, signal),
    setId: applySetId(parent),
    newNamespaces: new Set(item.objects.filter(({ key }) => key.group === '' && key.kind === 'Namespace').map(({ key }) => key.name)),
    signal,
  };
  const chosen = inWaves(item.objects).filter(({ object }) => item.chosen?.has(keyString(object.key)) ?? true);
  return Promise.all(
    chosen.map(({ object, wave }) =>
      limiter.run(() => (kind === 'take-over' ? planTakeOver(item, object, context) : planObjectSync(item, object, wave, context)), {
        signal,
        interactive: true,
      }),
    ),
  );
}

/** Nothing is written that could not be recorded: the rights to the ledger are asked for before, so that the plan says it. */
async function ledgerRefusal(
  steps: readonly PreparedSyncStep[],
  isThere: boolean,
  { namespace, name }: ObjectKey,
  connection: SyncConnection,
  signal: AbortSignal,
): Promise<Reason | undefined> {
  if (!steps.some(({ step }) => isWork(step))) return undefined;
  for (const verb of isThere ? ['patch'] : ['create', 'patch']) {
    const question = { verb, group: '', resource: 'configmaps', namespace, ...(verb === 'create' ? {} : { name }) };
    if (await connection.canI(question, { signal })) continue;
    return { code: 'cannot-write', details: { verb, resource: 'configmaps', namespace, context: connection.context } };
  }
  return undefined;
}

function applicationRefusal({ application, objects }: SyncItem): Reason | undefined {
  const { name, owner } = application;
  if (owner === 'unmanaged') return { code: 'not-managed', details: { object: name, application: name } };
  if (owner !== 'plumbline') return { code: `owned-by-${owner}`, details: { object: name, owner: name } };
  return objects.length === 0 ? { code: 'sync-nothing-rendered', details: { application: name } } : undefined;
}

function toPlan(group: readonly PlannedApplication[], kind: SyncKind, connection: SyncConnection): PreparedSync {
  const [first] = group;
  if (first === undefined) throw new AppError('internal', { message: 'a plan of nothing' });
  const environment = first.prepared.item.application.destination?.environment;
  const steps = group.flatMap(({ prepared }) => prepared.steps.map(({ step }) => step));
  const plan: SyncPlan = {
    id: randomUUID(),
    kind,
    context: connection.context,
    clusterUid: connection.uid ?? '',
    ...(environment === undefined ? {} : { environment }),
    namespaces: [...new Set(steps.map(({ key }) => key.namespace).filter((namespace) => namespace !== ''))].sort(),
    isProtected: group.some(({ prepared }) => prepared.item.application.isProtected),
    applications: group.map((planned) => summaryOf(planned)),
    steps,
  };
  return { plan, applications: group.map(({ prepared }) => prepared) };
}

function summaryOf({ prepared: { item, parent }, hasUnfinished, endsDirty, releases }: PlannedApplication): SyncPlanApplication {
  return {
    applicationId: item.application.id,
    name: item.application.name,
    namespace: parent.namespace,
    revision: item.revision,
    prune: item.prune,
    isDirty: item.isDirty,
    hasUnfinished,
    ...(endsDirty === true ? { endsDirty } : {}),
    ...(releases === undefined || releases.length === 0 ? {} : { releases }),
    ...(item.revisionName === undefined ? {} : { revisionName: item.revisionName }),
  };
}

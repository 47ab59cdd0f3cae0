import { randomUUID } from 'node:crypto';
import { Limiter } from '../../../base/async.ts';
import type { Plan, StepResult } from '../../model/plan.ts';
import { AutoscalerLookup } from './autoscalers.ts';
import { byApplyOrder } from './kindOrder.ts';
import { planObjectRevert, type StepContext, type StepPlanning } from './planObjectRevert.ts';
import type { PreparedPlan, RevertConnection, RevertItem, RevertPlanning } from '../revertTypes.ts';

/** Dry-runs at a time; the API server's default fairness share of one user is far above. */
const CONCURRENT_DRY_RUNS = 4;

/**
 * Plans the revert of drifted fields on one cluster: back to the synced revision, or to target where none is recorded.
 * Nothing is written; every step is proved by server-side dry-run. Objects with different commits or environments get plans of
 * their own.
 * @param items objects of applications on the connection's cluster, in any order
 * @param connection an open connection (`ready`)
 * @throws only when the signal fires
 */
export async function planRevert(items: readonly RevertItem[], connection: RevertConnection, signal: AbortSignal): Promise<RevertPlanning> {
  const ordered = [...items].sort((left, right) => byApplyOrder(left.key, right.key));
  const context: StepContext = {
    connection,
    autoscalers: new AutoscalerLookup(connection, signal),
    newNamespaces: new Set(
      ordered.filter(({ key, live }) => live === undefined && key.group === '' && key.kind === 'Namespace').map(({ key }) => key.name),
    ),
    signal,
  };
  const limiter = new Limiter(CONCURRENT_DRY_RUNS);
  const planned = await Promise.all(
    ordered.map(async (item) => ({
      item,
      planning: await limiter.run(() => planObjectRevert(item, context), { signal, interactive: true }),
    })),
  );
  const refused: StepResult[] = [];
  const groups = new Map<string, { readonly item: RevertItem; readonly planning: Exclude<StepPlanning, { refusal: unknown }> }[]>();
  for (const { item, planning } of planned) {
    if ('refusal' in planning) {
      refused.push({ applicationId: item.application.id, key: item.key, outcome: 'refused', reason: planning.refusal });
      continue;
    }
    const { application, revision, revisionIs } = item;
    const id = JSON.stringify([application.repoRoot, application.destination?.environment, revision, revisionIs]);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [{ item, planning }]);
    else group.push({ item, planning });
  }
  return { prepared: [...groups.values()].flatMap((group) => toPlan(group, connection)), refused };
}

function toPlan(
  group: readonly { readonly item: RevertItem; readonly planning: Exclude<StepPlanning, { refusal: unknown }> }[],
  connection: RevertConnection,
): readonly PreparedPlan[] {
  const [first] = group;
  if (first === undefined) return [];
  const { application, revision, revisionIs } = first.item;
  const environment = application.destination?.environment;
  const plan: Plan = {
    id: randomUUID(),
    kind: 'revert',
    context: connection.context,
    clusterUid: connection.uid ?? '',
    ...(environment === undefined ? {} : { environment }),
    namespaces: [...new Set(group.map(({ item }) => item.key.namespace).filter((namespace) => namespace !== ''))].sort(),
    isProtected: group.some(({ item }) => item.application.isProtected),
    revision,
    revisionIs,
    steps: group.flatMap(({ planning }) => [planning.prepared.step, ...planning.left]),
  };
  return [{ plan, steps: group.map(({ planning }) => planning.prepared) }];
}

import { stringAt } from '../model/json.ts';
import { nameOf, type KubeObject } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import { podCause } from './podCause.ts';
import { conditionsOf, conditionText, groupKind } from './reading.ts';

const workloads = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet', 'batch/Job']);

/**
 * Health of a workload in the light of the objects below it: one that has not reached its goal is degraded when a Pod
 * of it will not start by waiting, and names that Pod's cause. One that is healthy by itself stays so, whatever an old
 * Pod says. A CronJob whose latest Job failed is degraded.
 * @param own health by the object alone
 * @param children the live objects below it by owner references, at any depth
 * @param nowMs epoch milliseconds
 */
export function withChildren(object: KubeObject, own: Health, children: readonly KubeObject[], nowMs: number): Health {
  const kind = groupKind(object);
  if (kind === 'batch/CronJob') return own.status === 'healthy' ? latestJobHealth(own, children) : own;
  if (!workloads.has(kind) || (own.status !== 'progressing' && own.status !== 'degraded')) return own;
  const { cause, pod } = knownBlame(children, nowMs) ?? {};
  if (cause === undefined) return own;
  const said = own.message === undefined ? '' : `${own.message}; `;
  const status = cause.isBlocking ? 'degraded' : own.status;
  return { status, message: `${said}${pod ?? ''}: ${cause.text}` };
}

/** An object below another that is to blame, and why. */
export interface Blame {
  /** `Pod web-1`, `ReplicaSet web` */
  readonly pod: string;
  readonly cause: { readonly text: string; readonly isBlocking: boolean };
}

/** Who of the objects below one is to blame, as far as their statuses tell; undefined when none does. */
export function knownBlame(children: readonly KubeObject[], nowMs: number): Blame | undefined {
  return worstPodCause(children, nowMs) ?? blockedReplicaSet(children);
}

function worstPodCause(children: readonly KubeObject[], nowMs: number): Blame | undefined {
  const blames = children
    .filter((child) => groupKind(child) === 'Pod' && stringAt(child.metadata, 'deletionTimestamp') === undefined)
    .flatMap((child) => {
      const cause = podCause(child, nowMs);
      return cause === undefined
        ? []
        : [{ pod: `Pod ${nameOf(child)}`, cause, createdAt: stringAt(child.metadata, 'creationTimestamp') ?? '' }];
    })
    // Blocking causes first, then the newest Pod, then by name: the same line for the same Pods.
    .sort(
      (a, b) =>
        Number(b.cause.isBlocking) - Number(a.cause.isBlocking) || b.createdAt.localeCompare(a.createdAt) || a.pod.localeCompare(b.pod),
    );
  return blames[0];
}

/** Pods that the API server refuses (quota, admission) leave their trace in the ReplicaSet only. */
function blockedReplicaSet(children: readonly KubeObject[]): Blame | undefined {
  for (const child of children) {
    if (groupKind(child) !== 'apps/ReplicaSet') continue;
    const failure = conditionsOf(child).find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
    if (failure !== undefined) return { pod: `ReplicaSet ${nameOf(child)}`, cause: { text: conditionText(failure), isBlocking: true } };
  }
  return undefined;
}

function latestJobHealth(own: Health, children: readonly KubeObject[]): Health {
  const latest = children
    .filter((child) => groupKind(child) === 'batch/Job')
    .sort((a, b) => (stringAt(b.metadata, 'creationTimestamp') ?? '').localeCompare(stringAt(a.metadata, 'creationTimestamp') ?? ''))
    .at(0);
  const failure = latest && conditionsOf(latest).find((condition) => condition.type === 'Failed' && condition.status === 'True');
  if (latest === undefined || failure === undefined) return own;
  return { status: 'degraded', message: `its latest Job ${nameOf(latest)} failed: ${conditionText(failure)}` };
}

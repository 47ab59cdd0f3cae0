import { stringAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { healthStatuses, type Health, type HealthStatus } from '../model/states.ts';
import { argoHealthOf } from './argo.ts';
import { deletionHealth } from './deletion.ts';
import { kstatusOf } from './kstatus.ts';
import type { KStatus } from './kstatusResult.ts';
import { podCause } from './podCause.ts';
import { groupKind } from './reading.ts';
import { withChildren } from './tree.ts';

/** What {@link healthOf} may look at beside the object. */
export interface HealthOptions {
  /** live objects below it by owner references, at any depth: ReplicaSets, Pods, Jobs */
  readonly children?: readonly KubeObject[];
  /** what a Lua check of Argo CD, or of its user, says: it stands for the tables, as in Argo CD */
  readonly custom?: Health;
  /** epoch milliseconds; a Pod that no node fits is degraded 15 s after its creation */
  readonly nowMs: number;
}

/**
 * Health of a live object with the cause in one line: kstatus and Argo CD's built-in table, the worse of both, then
 * what the Pods below say. Pure.
 * @param object the live object, or undefined when it is not in the cluster
 */
export function healthOf(object: KubeObject | undefined, options: HealthOptions): Health {
  if (object === undefined) return { status: 'missing', message: 'not in the cluster' };
  const deleting = deletionHealth(object);
  if (deleting !== undefined) return deleting;
  const own = options.custom ?? combine(object, fromKStatus(kstatusOf(object, options.nowMs)), argoHealthOf(object, options.nowMs));
  if (groupKind(object) === 'Pod') return blockedPod(object, own, options.nowMs);

  return options.children === undefined ? own : withChildren(object, own, options.children, options.nowMs);
}

/** The worst of several, with its message; undefined for an empty list. Of equals the first one with a message counts. */
export function worstHealth(list: Iterable<Health>): Health | undefined {
  let worst: Health | undefined;
  for (const health of list) {
    if (worst === undefined || rank(health.status) > rank(worst.status)) worst = health;
    else if (health.status === worst.status && worst.message === undefined) worst = health;
  }
  return worst;
}

function combine(object: KubeObject, kstatus: Health, argo: Health | undefined): Health {
  if (argo === undefined) return kstatus;
  if (argo.status === 'suspended' && kstatus.status !== 'degraded') return argo;
  // Argo knows OnDelete, which kstatus would wait for without end; kstatus knows a Pod that nobody has seen yet.
  if (groupKind(object) === 'apps/DaemonSet' && stringAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return argo;
  if (object.kind === 'Pod' && argo.status === 'unknown' && stringAt(object, 'status', 'phase') === undefined) return kstatus;
  return rank(kstatus.status) > rank(argo.status) ? kstatus : argo;
}

/** Neither table looks at init containers, nor at every reason for which a container never starts. */
function blockedPod(pod: KubeObject, own: Health, nowMs: number): Health {
  if (own.status !== 'progressing') return own;
  const cause = podCause(pod, nowMs);
  return cause?.isBlocking === true ? { status: 'degraded', message: cause.text } : own;
}

function fromKStatus(result: KStatus): Health {
  const statuses: Readonly<Record<KStatus['status'], HealthStatus>> = {
    Current: 'healthy',
    InProgress: 'progressing',
    Failed: 'degraded',
    Terminating: 'progressing',
  };
  return { status: statuses[result.status], ...(result.message === undefined ? {} : { message: result.message }) };
}

function rank(status: HealthStatus): number {
  return healthStatuses.indexOf(status);
}

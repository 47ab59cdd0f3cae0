import { arrayAt, stringAt, valueAt } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import { current, failed, inProgress, type KStatus } from './kstatusResult.ts';
import { scheduleWindowMs } from './podCause.ts';
import { conditionsOf, conditionText, isTrue, numberAt, oneLine } from './reading.ts';

/** kstatus of a Pod. Source: cli-utils pkg/kstatus/status/core.go, podConditions. */
export function podStatus(object: KubeObject, nowMs: number): KStatus {
  const conditions = conditionsOf(object);
  const phase = stringAt(object, 'status', 'phase') ?? '';
  switch (phase) {
    case 'Succeeded':
    case 'Failed':
      return current;
    case 'Running': {
      if (isTrue(conditions, 'Ready')) return current;
      const looping = arrayAt(object, 'status', 'containerStatuses')
        .filter((status) => stringAt(status, 'state', 'waiting', 'reason') === 'CrashLoopBackOff')
        .map((status) => stringAt(status, 'name') ?? '');
      return looping.length > 0 ? failed(`container ${looping.join(', ')} crash-loops`) : inProgress('running, not ready');
    }
    case 'Pending': {
      const unscheduled = conditions.find(
        (condition) => condition.type === 'PodScheduled' && condition.status === 'False' && condition.reason === 'Unschedulable',
      );
      if (unscheduled === undefined) return inProgress('pending');
      const createdMs = Date.parse(stringAt(object.metadata, 'creationTimestamp') ?? '');
      return nowMs - scheduleWindowMs < createdMs
        ? inProgress('not scheduled yet')
        : failed(oneLine(`no node fits: ${unscheduled.message}`));
    }
    default:
      return inProgress(phase === '' ? 'no phase yet' : `unknown phase ${phase}`);
  }
}

/** kstatus of a Job: one that runs is Current. Source: cli-utils pkg/kstatus/status/core.go, jobConditions. */
export function jobStatus(object: KubeObject): KStatus {
  for (const condition of conditionsOf(object)) {
    if (condition.status !== 'True') continue;
    if (condition.type === 'Complete') return current;
    if (condition.type === 'Failed') return failed(conditionText(condition));
    if (condition.type === 'Suspended' && valueAt(object, 'spec', 'suspend') === true) return current;
  }
  return stringAt(object, 'status', 'startTime') === undefined ? inProgress('not started') : current;
}

/** kstatus of a PersistentVolumeClaim. Source: cli-utils pkg/kstatus/status/core.go, pvcConditions. */
export function persistentVolumeClaimStatus(object: KubeObject): KStatus {
  const phase = stringAt(object, 'status', 'phase') ?? 'unknown';
  return phase === 'Bound' ? current : inProgress(`not bound, phase ${phase}`);
}

/** kstatus of a Service. Source: cli-utils pkg/kstatus/status/core.go, serviceConditions. */
export function serviceStatus(object: KubeObject): KStatus {
  const isBalancer = stringAt(object, 'spec', 'type') === 'LoadBalancer';
  return isBalancer && (stringAt(object, 'spec', 'clusterIP') ?? '') === '' ? inProgress('no cluster IP yet') : current;
}

/** Counts of a Job that runs: `1 active, 0 failed`. */
export function jobCounts(object: KubeObject): string {
  const active = numberAt(object, 0, 'status', 'active');
  const failures = numberAt(object, 0, 'status', 'failed');
  return `${String(active)} active${failures > 0 ? `, ${String(failures)} failed` : ''}`;
}
